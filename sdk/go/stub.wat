;; What Go's runtime asks of WASI, preview 1, answered inside the component.
;;
;; `still build` fuses this module with a Go plugin in place of the usual adapter (which keeps state in memory that Go's
;; allocator takes for its own). So a Go plugin imports nothing of WASI: there are no files, no environment, no arguments;
;; time is counted and random numbers are a fixed row, from the beginning again in each call.
;;
;; Three things reach further:
;; - What is written to standard error is kept, up to the size of a buffer that the SDK has named, and told to the host as
;;   the program's last words, should they be: Go's fatal errors (a panic in a goroutine, a deadlock, no memory left) are
;;   written there, and then the program stops without asking for anything more.
;; - `clock_time_get` of clock 0x5d4b is the SDK's: a call begins or ends.
;; - A sleep is over at once, and moves the clocks on.
(module
  ;; The component type of what is imported below, as tools embed it: world stillroom:go/stub, which imports
  ;; stillroom:step/diagnostics@0.1.0 with `panicked: func(message: string)`.
  (@custom "component-type:stub" "\00asm\0d\00\01\00\00\19\16wit-component-encoding\04\00\07e\01A\02\01A\02\01B\02\01@\01\07messages\01\00\04\00\08panicked\01\00\03\00 stillroom:step/diagnostics@0.1.0\05\00\04\00\17stillroom:go/stub@0.1.0\04\00\0b\0a\01\00\04stub\03\00\00")

  (import "env" "memory" (memory 0))
  (import "stillroom:step/diagnostics@0.1.0" "panicked" (func $panicked (param i32 i32)))

  ;; Wall clock: nanoseconds since 1970; each call begins at 2000-01-01.
  (global $wall (mut i64) (i64.const 946684800000000000))
  ;; Monotonic clock: never goes back, for the garbage collector plans with it.
  (global $mono (mut i64) (i64.const 1000000000))
  ;; State of splitmix64.
  (global $random (mut i64) (i64.const 0))
  ;; Where standard error is kept, how much fits, how much there is.
  (global $err (mut i32) (i32.const 0))
  (global $room (mut i32) (i32.const 0))
  (global $said (mut i32) (i32.const 0))

  (func $tick (param $by i64)
    (global.set $wall (i64.add (global.get $wall) (local.get $by)))
    (global.set $mono (i64.add (global.get $mono) (local.get $by))))

  ;; Clock 0 is the wall clock; 0x5d4b begins a call, where `precision` is the size of the buffer for standard error above
  ;; 32 bits of its address, or ends it, where there is none: outside of a call no import may be called. All others are
  ;; monotonic. Each question moves its clock on by a microsecond.
  (func (export "clock_time_get") (param $id i32) (param $precision i64) (param $at i32) (result i32)
    (if (i32.eq (local.get $id) (i32.const 0x5d4b))
      (then
        (global.set $wall (i64.const 946684800000000000))
        (global.set $random (i64.const 0))
        (global.set $err (i32.wrap_i64 (local.get $precision)))
        (global.set $room (i32.wrap_i64 (i64.shr_u (local.get $precision) (i64.const 32))))
        (global.set $said (i32.const 0))
        (return (i32.const 0))))
    (if (local.get $id)
      (then
        (global.set $mono (i64.add (global.get $mono) (i64.const 1000)))
        (i64.store (local.get $at) (global.get $mono)))
      (else
        (global.set $wall (i64.add (global.get $wall) (i64.const 1000)))
        (i64.store (local.get $at) (global.get $wall))))
    i32.const 0)
  (func (export "clock_res_get") (param i32 i32) (result i32)
    (i64.store (local.get 1) (i64.const 1000)) i32.const 0)

  ;; splitmix64, byte by byte: good enough to be spread, and the same in every call.
  (func (export "random_get") (param $at i32) (param $n i32) (result i32) (local $z i64)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $n)))
      (global.set $random (i64.add (global.get $random) (i64.const 0x9e3779b97f4a7c15)))
      (local.set $z (global.get $random))
      (local.set $z (i64.mul (i64.xor (local.get $z) (i64.shr_u (local.get $z) (i64.const 30))) (i64.const 0xbf58476d1ce4e5b9)))
      (local.set $z (i64.mul (i64.xor (local.get $z) (i64.shr_u (local.get $z) (i64.const 27))) (i64.const 0x94d049bb133111eb)))
      (i32.store8 (local.get $at) (i32.wrap_i64 (i64.shr_u (local.get $z) (i64.const 56))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $next)))
    i32.const 0)

  ;; Every subscription has happened; a clock's timeout has passed. (A subscription: user data at 0, tag at 8, timeout at
  ;; 24, flags at 40, 48 bytes. An event: user data at 0, error at 8, type at 10, 32 bytes.)
  (func (export "poll_oneoff") (param $in i32) (param $out i32) (param $n i32) (param $count i32) (result i32) (local $t i64)
    (i32.store (local.get $count) (local.get $n))
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $n)))
      (if (i32.eqz (i32.load8_u offset=8 (local.get $in)))
        (then
          (local.set $t (i64.load offset=24 (local.get $in)))
          (if (i32.and (i32.load16_u offset=40 (local.get $in)) (i32.const 1))
            (then (local.set $t (i64.sub (local.get $t) (global.get $mono)))))
          (if (i64.gt_s (local.get $t) (i64.const 0)) (then (call $tick (local.get $t))))))
      (memory.fill (local.get $out) (i32.const 0) (i32.const 32))
      (i64.store (local.get $out) (i64.load (local.get $in)))
      (i32.store8 offset=10 (local.get $out) (i32.load8_u offset=8 (local.get $in)))
      (local.set $in (i32.add (local.get $in) (i32.const 48)))
      (local.set $out (i32.add (local.get $out) (i32.const 32)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $next)))
    i32.const 0)
  (func (export "sched_yield") (result i32) i32.const 0)

  ;; The end. What was to say was said.
  (func (export "proc_exit") (param i32) unreachable)
  (func (export "proc_raise") (param i32) (result i32) unreachable)

  ;; Takes everything; keeps what is for standard error and fits.
  (func (export "fd_write") (param $fd i32) (param $iov i32) (param $n i32) (param $written i32) (result i32)
    (local $sum i32) (local $len i32) (local $fits i32)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $n)))
      (local.set $len (i32.load offset=4 (local.get $iov)))
      (local.set $sum (i32.add (local.get $sum) (local.get $len)))
      (if (i32.eq (local.get $fd) (i32.const 2))
        (then
          (local.set $fits (i32.sub (global.get $room) (global.get $said)))
          (if (i32.lt_u (local.get $len) (local.get $fits)) (then (local.set $fits (local.get $len))))
          (memory.copy (i32.add (global.get $err) (global.get $said)) (i32.load (local.get $iov)) (local.get $fits))
          (global.set $said (i32.add (global.get $said) (local.get $fits)))
          (if (local.get $fits) (then (call $panicked (global.get $err) (global.get $said))))))
      (local.set $iov (i32.add (local.get $iov) (i32.const 8)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $next)))
    (i32.store (local.get $written) (local.get $sum)) i32.const 0)

  ;; No arguments, no environment.
  (func (export "args_sizes_get") (export "environ_sizes_get") (param i32 i32) (result i32)
    (i32.store (local.get 0) (i32.const 0)) (i32.store (local.get 1) (i32.const 0)) i32.const 0)
  (func (export "args_get") (export "environ_get") (param i32 i32) (result i32) i32.const 0)

  ;; No files: bad descriptor (8), nothing there (44: no entry), not supported (58).
  (func (export "fd_close") (export "fd_sync") (export "fd_datasync") (param i32) (result i32) i32.const 8)
  (func (export "fd_fdstat_get") (export "fd_filestat_get") (export "fd_prestat_get") (export "fd_fdstat_set_flags")
    (export "fd_tell") (export "fd_renumber") (param i32 i32) (result i32) i32.const 8)
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) i32.const 8)
  (func (export "fd_read") (param i32 i32 i32 i32) (result i32) i32.const 8)
  (func (export "fd_pread") (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32) i32.const 8)
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32) i32.const 8)
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) i32.const 8)
  (func (export "fd_advise") (param i32 i64 i64 i32) (result i32) i32.const 8)
  (func (export "fd_allocate") (export "fd_fdstat_set_rights") (param i32 i64 i64) (result i32) i32.const 8)
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32) i32.const 8)
  (func (export "fd_filestat_set_times") (param i32 i64 i64 i32) (result i32) i32.const 8)
  (func (export "path_create_directory") (export "path_remove_directory") (export "path_unlink_file")
    (param i32 i32 i32) (result i32) i32.const 44)
  (func (export "path_filestat_get") (export "path_symlink") (param i32 i32 i32 i32 i32) (result i32) i32.const 44)
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32) i32.const 44)
  (func (export "path_link") (param i32 i32 i32 i32 i32 i32 i32) (result i32) i32.const 44)
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) i32.const 44)
  (func (export "path_readlink") (export "path_rename") (param i32 i32 i32 i32 i32 i32) (result i32) i32.const 44)
  (func (export "sock_accept") (param i32 i32 i32) (result i32) i32.const 58)
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32) i32.const 58)
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32) i32.const 58)
  (func (export "sock_shutdown") (param i32 i32) (result i32) i32.const 58)
)
