;; A proxy-wasm module that takes each piece of a request's body and gives it back: what a filter costs that does
;; nothing at all with a delivery.
(module
  (import "env" "proxy_get_buffer_bytes"
    (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_buffer_bytes"
    (func $set (param i32 i32 i32 i32 i32) (result i32)))
  ;; 32 MiB: the largest piece that a proxy makes of the bodies that are measured.
  (memory (export "memory") 512)
  (func (export "proxy_abi_version_0_2_1"))
  ;; At most one piece is held, and it lies behind the words below.
  (func (export "proxy_on_memory_allocate") (param i32) (result i32)
    i32.const 1024)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    i32.const 1)
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    i32.const 1)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    i32.const 0)
  (func (export "proxy_on_request_body") (param $context i32) (param $size i32) (param $end i32)
    (result i32)
    ;; Buffer 0 is the request's body. Where it lies and its length are written to 16 and 20.
    (drop (call $get (i32.const 0) (i32.const 0) (local.get $size) (i32.const 16) (i32.const 20)))
    (drop (call $set (i32.const 0) (i32.const 0) (i32.const -1)
      (i32.load (i32.const 16)) (i32.load (i32.const 20))))
    i32.const 0)
  (func (export "proxy_on_done") (param i32) (result i32)
    i32.const 1)
  (func (export "proxy_on_log") (param i32))
  (func (export "proxy_on_delete") (param i32)))
