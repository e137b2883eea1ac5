; An invariant of a loop that moves what is left in x, one by one, over to y, until nothing is left.
(set-logic LIA)

(synth-inv inv ((x Int) (y Int) (total Int)))

(define-fun before ((x Int) (y Int) (total Int)) Bool
  (and (= x total) (= y 0) (>= total 0)))

(define-fun step ((x Int) (y Int) (total Int) (x! Int) (y! Int) (total! Int)) Bool
  (and (> x 0) (= x! (- x 1)) (= y! (+ y 1)) (= total! total)))

(define-fun after ((x Int) (y Int) (total Int)) Bool
  (or (> x 0) (= y total)))

(inv-constraint inv before step after)

(check-synth)
