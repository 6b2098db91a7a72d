;; Traps unless the record's length is the ten's digit and the one's digit of the tag.
(module
  (; allocator ;)
  (func (export "oom_annotate") (param i32 i32 i32 i32 i32 i32) (result i32)
    (if (i32.ne
          (local.get 5)
          (i32.add
            (i32.mul (i32.const 10) (i32.sub (i32.load8_u (local.get 0)) (i32.const 48)))
            (i32.sub (i32.load8_u offset=1 (local.get 0)) (i32.const 48))))
      (then unreachable))
    (local.get 4)))
