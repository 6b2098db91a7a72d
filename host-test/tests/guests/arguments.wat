;; Records what it is called with and in which order: a letter for each call of the host's, m for
;; malloc, c for the function, t and r for free of tag and record. The function checks its
;; arguments, writes the letters so far behind the first of {"order":"..."} and returns that.
(module
  (memory (export "memory") 1)
  (data (i32.const 64) "{\"order\":\"              \"}\00")
  (global $next (mut i32) (i32.const 74))
  (global $top (mut i32) (i32.const 4096))
  (global $tag (mut i32) (i32.const 0))
  (func $note (param $letter i32)
    (i32.store8 (global.get $next) (local.get $letter))
    (global.set $next (i32.add (global.get $next) (i32.const 1))))
  (func (export "malloc") (param i32) (result i32)
    (call $note (i32.const 0x6d))
    (global.set $top (i32.add (global.get $top) (i32.const 64)))
    (global.get $top))
  (func (export "free") (param i32)
    (call $note
      (select (i32.const 0x74) (i32.const 0x72) (i32.eq (local.get 0) (global.get $tag)))))
  (func (export "oom_annotate")
    (param $tag i32) (param $tag_length i32) (param $seconds i32) (param $nanoseconds i32)
    (param $record i32) (param $length i32) (result i32)
    (call $note (i32.const 0x63))
    (global.set $tag (local.get $tag))
    (if (i32.ne (local.get $tag_length) (i32.const 3)) (then unreachable))
    ;; "tag" and its NUL
    (if (i32.ne (i32.load (local.get $tag)) (i32.const 0x00676174)) (then unreachable))
    (if (i32.ne (local.get $seconds) (i32.const 1700000000)) (then unreachable))
    (if (i32.ne (local.get $nanoseconds) (i32.const 999999999)) (then unreachable))
    (if (i32.ne (local.get $length) (i32.const 7)) (then unreachable))
    ;; the record's last brace and its NUL
    (if (i32.ne (i32.load16_u (i32.add (local.get $record) (i32.const 6))) (i32.const 0x007d))
      (then unreachable))
    (i32.const 64)))
