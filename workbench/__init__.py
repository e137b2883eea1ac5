"""What a person does with specifications, domains and programs."""
