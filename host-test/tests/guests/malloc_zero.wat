;; malloc has no memory to give. Returns an object where both pointers are 0 and the record's
;; length is true, as the host then calls it; traps otherwise.
(module
  (memory (export "memory") 1)
  (data (i32.const 64) "{\"null\":true}\00")
  (func (export "malloc") (param i32) (result i32) (i32.const 0))
  (func (export "free") (param i32) unreachable)
  (func (export "oom_annotate") (param i32 i32 i32 i32 i32 i32) (result i32)
    (if (i32.or (local.get 0) (local.get 4)) (then unreachable))
    (if (i32.ne (local.get 1) (i32.const 3)) (then unreachable))
    (if (i32.ne (local.get 5) (i32.const 7)) (then unreachable))
    (i32.const 64)))
