; Clear the lowest bit that is set: bit-vectors by example, in SyGuS-IF 2.1.
(set-logic BV)

(synth-fun clear ((x (_ BitVec 64))) (_ BitVec 64)
  ((Start (_ BitVec 64)))
  ((Start (_ BitVec 64) (x #x0000000000000000 #x0000000000000001
     (bvnot Start)
     (bvneg Start)
     (bvand Start Start)
     (bvor Start Start)
     (bvxor Start Start)
     (bvadd Start Start)
     (bvsub Start Start)
     (bvlshr Start Start)
     (bvshl Start Start)))))

(constraint (= (clear #x0000000000000000) #x0000000000000000))
(constraint (= (clear #x0000000000000001) #x0000000000000000))
(constraint (= (clear #x0000000000000006) #x0000000000000004))
(constraint (= (clear #x00000000000000f8) #x00000000000000f0))
(constraint (= (clear #x8000000000000000) #x0000000000000000))
(constraint (= (clear #xffffffffffffffff) #xfffffffffffffffe))

(check-synth)
