;; Passes records, and at the end has three reports that are still open.
(module
  (; allocator ;)
  (data (i32.const 64) "{\"open\":0}\00")
  (global $left (mut i32) (i32.const 3))
  (func (export "oom_annotate") (param i32 i32 i32 i32 i32 i32) (result i32)
    (if (i32.or (local.get 5) (i32.eqz (global.get $left)))
      (then (return (local.get 4))))
    (i32.store8 (i32.const 72) (i32.add (global.get $left) (i32.const 48)))
    (global.set $left (i32.sub (global.get $left) (i32.const 1)))
    (i32.const 64)))
