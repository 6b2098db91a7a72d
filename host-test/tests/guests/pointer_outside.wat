;; The first record gets the first address outside memory, the others their own.
(module
  (; allocator ;)
  (global $called (mut i32) (i32.const 0))
  (func (export "oom_annotate") (param i32 i32 i32 i32 i32 i32) (result i32)
    (if (result i32) (global.get $called)
      (then (local.get 4))
      (else
        (global.set $called (i32.const 1))
        (i32.mul (memory.size) (i32.const 65536))))))
