;; The other value of a select between floats is lost in wazero 1.12 on amd64:
;; its compiler answers 1, its interpreter 0. Made smaller by hand.
(module
  (type (;0;) (func (param i32 i32 i32) (result i32)))
  (type (;1;) (func (param i32 i32 i32 i32) (result i32)))
  (type (;2;) (func (param i32 i32 i32 i32)))
  (type (;3;) (func (param i32) (result funcref)))
  (type (;4;) (func (param f32 f64 i32 f32) (result i32)))
  (type (;5;) (func (param i32 i32 i32) (result f64)))
  (type (;6;) (func (result i32)))
  (type (;7;) (func (param i32 i32) (result i32 i32)))
  (type (;8;) (func (param v128) (result i32)))
  (type (;9;) (func (param f32) (result f32 i32)))
  (type (;10;) (func (param i32) (result i32)))
  (func (;0;) (type 0) (param i32 i32 i32) (result i32)
    local.get 0)
  (func (;1;) (type 4) (param f32 f64 i32 f32) (result i32)
    i32.const 0
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    block (result i32)  ;; label = @1
      v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
      loop (param v128) (result i32)  ;; label = @2
        i64x2.extract_lane 0
        global.set 0
        i32.const 0
      end
    end
    i8x16.replace_lane 0
    v128.any_true
    local.get 2
    f32.const 0x0p+0 (;=0;)
    f32.const 0x1.p-149 (;=1.4013e-45;)
    f32.add
    block (result f32)  ;; label = @1
      local.get 2
      f32.const 0x0p+0 (;=0;)
      global.get 7
      global.get 3
      select
      local.tee 3
      f32.store align=1
      local.get 1
      global.get 4
      f64.le
      if (result i32)  ;; label = @2
        global.get 3
      else
        global.get 3
      end
      if (result f32)  ;; label = @2
        f32.const 0x0p+0 (;=0;)
      else
        loop  ;; label = @3
        end
        local.get 3
        local.get 0
        i32.const 0
        select
        local.tee 0
      end
    end
    f32.le
    select
    i32.store align=1
    local.get 0
    i32.reinterpret_f32
    i64.extend_i32_u
    global.set 0
    local.get 3
    i32.reinterpret_f32
    i64.extend_i32_u
    global.get 0
    i64.add
    global.set 0
    block (result i32)  ;; label = @1
      i32.const 0
    end)
  (func (;2;) (type 0) (param i32 i32 i32) (result i32)
    i32.const 0)
  (func (;3;) (type 0) (param i32 i32 i32) (result i32)
    i32.const 0)
  (func (;4;) (type 3) (param i32) (result funcref)
    ref.null func)
  (func (;5;) (type 2) (param i32 i32 i32 i32))
  (func (;6;) (type 3) (param i32) (result funcref)
    ref.null func)
  (func (;7;) (type 6) (result i32)
    i32.const 1000)
  (func (;8;) (type 6) (result i32)
    i32.const 1001)
  (func (;9;) (type 6) (result i32)
    i32.const 1002)
  (func (;10;) (type 6) (result i32)
    i32.const 1003)
  (func (;11;) (type 10) (param i32) (result i32)
    f32.const 0x0p+0 (;=0;)
    f64.const 0x0p+0 (;=0;)
    i32.const 0
    f32.const 0x0p+0 (;=0;)
    call 1
    local.set 0
    global.get 0
    i32.wrap_i64)
  (memory (;0;) 1 1)
  (global (;0;) (mut i64) (i64.const 0))
  (global (;1;) (mut i32) (i32.const 50))
  (global (;2;) (mut i32) (i32.const 500))
  (global (;3;) (mut i32) (i32.const 0))
  (global (;4;) (mut f64) (f64.const 0x0p+0 (;=0;)))
  (global (;5;) (mut i32) (i32.const 0))
  (global (;6;) (mut i64) (i64.const 0))
  (global (;7;) (mut f32) (f32.const 0x0p+0 (;=0;)))
  (export "memory" (memory 0))
  (export "aisle_score" (func 11))
  (export "aisle_alloc" (func 11)))
