import { LuaFactory } from 'wasmoon';

/** What kind of value lies on a Lua stack (lua.h). */
export const luaTypes = { nil: 0, boolean: 1, lightUserdata: 2, number: 3, string: 4, table: 5 } as const;

/**
 * The few functions of Lua's C interface that a Redis needs, straight from the WebAssembly module:
 * wasmoon's own wrappers copy every text twice, and scripts are most of what a simulation does. `L` is
 * a Lua thread, an index a place on its stack.
 */
export interface Vm {
  /** The main thread. */
  readonly state: number;
  top(L: number): number;
  setTop(L: number, index: number): void;
  absolute(L: number, index: number): number;
  type(L: number, index: number): number;
  text(L: number, index: number): string;
  number(L: number, index: number): number;
  isTrue(L: number, index: number): boolean;
  pushText(L: number, text: string): void;
  /** A whole number stays one: as a double, this Lua would write 5 as `5.0`. */
  pushNumber(L: number, value: number): void;
  pushBoolean(L: number, value: boolean): void;
  pushNil(L: number): void;
  /** What cjson takes for null. */
  pushNull(L: number): void;
  /** Copies a value to the top. */
  pushCopy(L: number, index: number): void;
  pushTable(L: number, items: number, fields: number): void;
  pushFunction(L: number, work: (thread: number) => number): void;
  setItem(L: number, table: number, position: number): void;
  /** Pushes an item and says what kind it is. */
  getItem(L: number, table: number, position: number): number;
  setField(L: number, table: number, field: string): void;
  getField(L: number, table: number, field: string): number;
  setGlobal(L: number, name: string): void;
  next(L: number, table: number): boolean;
  makeRoom(L: number, values: number): void;
  /** Compiles a chunk onto the stack; false: an error text lies there instead. */
  load(L: number, chunk: string): boolean;
  /** Takes the value on top off the stack and keeps it. */
  keep(L: number): number;
  pushKept(L: number, kept: number): void;
  /** Calls the function on top; false: what it raised lies there instead. */
  call(L: number): boolean;
  /** Raises what lies on top. Returns to nobody. */
  raise(L: number): number;
}

/** LUA_REGISTRYINDEX, with the stack size that wasmoon was built with. */
const REGISTRY = -1_001_000;
const ANY_RESULTS = -1;
const FIRST_ROOM = 64 * 1024;

type Native = (...args: readonly (number | bigint)[]) => number;

/** A fresh Lua 5.4 with its libraries open. */
export async function makeVm(): Promise<Vm> {
  const { module } = await new LuaFactory().getLuaModule();
  const native = (name: string): Native => {
    const found: unknown = Reflect.get(module, `_${name}`);
    if (typeof found !== 'function') throw new Error(`this Lua has no ${name}`);
    // An export of a WebAssembly module: its type is the C header's, which TypeScript cannot see.
    return found as Native;
  };
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const malloc = native('malloc');
  const free = native('free');
  let room = { at: malloc(FIRST_ROOM), size: FIRST_ROOM };
  /** Puts a text where Lua can read it and says how long it is; good until the next one. */
  const place = (text: string): number => {
    if (text.length * 3 + 1 > room.size) {
      free(room.at);
      const size = text.length * 4;
      room = { at: malloc(size), size };
    }
    const { written } = encoder.encodeInto(text, module.HEAPU8.subarray(room.at, room.at + room.size - 1));
    module.HEAPU8[room.at + written] = 0;
    return written;
  };
  /** Where Lua puts the length of a text. */
  const lengthAt = malloc(4);
  const taken = (at: number, length: number): string => {
    const bytes = module.HEAPU8;
    if (length > 24) return decoder.decode(bytes.subarray(at, at + length));
    let text = '';
    for (let i = at; i < at + length; i++) {
      const byte = bytes[i] ?? 0;
      if (byte > 127) return decoder.decode(bytes.subarray(at, at + length));
      text += String.fromCharCode(byte);
    }
    return text;
  };

  const [gettop, settop, absindex, typeOf] = [
    native('lua_gettop'),
    native('lua_settop'),
    native('lua_absindex'),
    native('lua_type'),
  ];
  const [tolstring, tonumberx, toboolean] = [
    native('lua_tolstring'),
    native('lua_tonumberx'),
    native('lua_toboolean'),
  ];
  const [pushlstring, pushinteger, pushnumber, pushboolean] = [
    native('lua_pushlstring'),
    native('lua_pushinteger'),
    native('lua_pushnumber'),
    native('lua_pushboolean'),
  ];
  const [pushnil, pushlightuserdata, pushvalue, pushcclosure] = [
    native('lua_pushnil'),
    native('lua_pushlightuserdata'),
    native('lua_pushvalue'),
    native('lua_pushcclosure'),
  ];
  const [createtable, rawseti, rawgeti, setfield, getfield, setglobal, next] = [
    native('lua_createtable'),
    native('lua_rawseti'),
    native('lua_rawgeti'),
    native('lua_setfield'),
    native('lua_getfield'),
    native('lua_setglobal'),
    native('lua_next'),
  ];
  const [checkstack, loadstring, ref, pcallk, error] = [
    native('luaL_checkstack'),
    native('luaL_loadstring'),
    native('luaL_ref'),
    native('lua_pcallk'),
    native('lua_error'),
  ];

  const state = native('luaL_newstate')();
  native('luaL_openlibs')(state);
  return {
    state,
    top: (L) => gettop(L),
    setTop: (L, index) => void settop(L, index),
    absolute: (L, index) => absindex(L, index),
    type: (L, index) => typeOf(L, index),
    text(L, index) {
      const at = tolstring(L, index, lengthAt);
      return taken(at, module.HEAPU32[lengthAt >> 2] ?? 0);
    },
    number: (L, index) => tonumberx(L, index, 0),
    isTrue: (L, index) => toboolean(L, index) !== 0,
    pushText(L, text) {
      const length = place(text);
      pushlstring(L, room.at, length);
    },
    pushNumber(L, value) {
      if (Number.isSafeInteger(value)) pushinteger(L, BigInt(value));
      else pushnumber(L, value);
    },
    pushBoolean: (L, value) => void pushboolean(L, value ? 1 : 0),
    pushNil: (L) => void pushnil(L),
    pushNull: (L) => void pushlightuserdata(L, 0),
    pushCopy: (L, index) => void pushvalue(L, index),
    pushTable: (L, items, fields) => void createtable(L, items, fields),
    pushFunction: (L, work) => void pushcclosure(L, module.addFunction(work, 'ii'), 0),
    setItem: (L, table, position) => void rawseti(L, table, BigInt(position)),
    getItem: (L, table, position) => rawgeti(L, table, BigInt(position)),
    setField(L, table, field) {
      place(field);
      setfield(L, table, room.at);
    },
    getField(L, table, field) {
      place(field);
      return getfield(L, table, room.at);
    },
    setGlobal(L, name) {
      place(name);
      setglobal(L, room.at);
    },
    next: (L, table) => next(L, table) !== 0,
    makeRoom: (L, values) => void checkstack(L, values, 0),
    load(L, chunk) {
      place(chunk);
      return loadstring(L, room.at) === 0;
    },
    keep: (L) => ref(L, REGISTRY),
    pushKept: (L, kept) => void rawgeti(L, REGISTRY, BigInt(kept)),
    call: (L) => pcallk(L, 0, ANY_RESULTS, 0, 0, 0) === 0,
    raise: (L) => error(L),
  };
}
