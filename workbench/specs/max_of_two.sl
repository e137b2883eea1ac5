; The greater of two integers, by a condition for all inputs, in SyGuS-IF 2.1.
(set-logic LIA)

(synth-fun greater ((a Int) (b Int)) Int
  ((Start Int) (Condition Bool))
  ((Start Int (a b 0 1
     (+ Start Start)
     (- Start Start)
     (ite Condition Start Start)))
   (Condition Bool (
     (<= Start Start)
     (= Start Start)
     (and Condition Condition)
     (not Condition)))))

(declare-var a Int)
(declare-var b Int)

(constraint (>= (greater a b) a))
(constraint (>= (greater a b) b))
(constraint (or (= (greater a b) a) (= (greater a b) b)))

(check-synth)
