; "Given Family" becomes "Family, Given": strings by example, in the first version of SyGuS-IF.
(set-logic SLIA)

(synth-fun swap ((name String)) String
  ((Start String (ntString))
   (ntString String (name " " ", "
     (str.++ ntString ntString)
     (str.at ntString ntInt)
     (str.substr ntString ntInt ntInt)
     (str.replace ntString ntString ntString)))
   (ntInt Int (0 1 2
     (+ ntInt ntInt)
     (- ntInt ntInt)
     (str.len ntString)
     (str.indexof ntString ntString ntInt)))))

(declare-var name String)

(constraint (= (swap "Ada Lovelace") "Lovelace, Ada"))
(constraint (= (swap "Alan Turing") "Turing, Alan"))
(constraint (= (swap "Emmy Noether") "Noether, Emmy"))
(constraint (= (swap "Kurt Goedel") "Goedel, Kurt"))

(check-synth)
