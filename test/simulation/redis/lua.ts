import { createHash } from 'node:crypto';
import { decodeJson, encodeJson } from './cjson.ts';
import { RedisError, seventeen, Status, type Reply } from './reply.ts';
import { luaTypes, makeVm, type Vm } from './vm.ts';

/** Runs a command for a script. Throws RedisError. */
export type CallCommand = (name: string, args: readonly string[]) => Reply;

/** The scripting side of a server: real scripts, in a real Lua. */
export interface Lua {
  /** Runs a script as EVAL does. Throws RedisError, also for what the script itself raises. */
  run(script: string, keys: readonly string[], args: readonly string[], call: CallCommand): Reply;
}

/**
 * What Redis' Lua 5.1 has and 5.4 has not, the other way round, and Redis' own bars: a script that sets
 * or reads an unknown global is in error there, so it is here.
 */
const PRELUDE = `
unpack = table.unpack
table.unpack, table.pack, table.move, utf8, math.tointeger, math.ult = nil, nil, nil, nil, nil, nil
string.pack, string.unpack, string.packsize, coroutine, io, os, debug, package, require = nil
math.pow = function(a, b) return a ^ b end
table.getn = function(t) return #t end
loadstring, KEYS, ARGV = load, {}, {}
setmetatable(_G, {
  __newindex = function(_, name)
    error({ err = 'ERR Attempt to modify a readonly table: global ' .. tostring(name) }, 0)
  end,
  __index = function(_, name)
    error({ err = "ERR Script attempted to access nonexistent global variable '" .. tostring(name) .. "'" }, 0)
  end,
})`;

/** One VM serves every simulated server of a process: a script leaves nothing behind in it. */
let shared: Promise<Lua> | undefined;

export function sharedLua(): Promise<Lua> {
  shared ??= makeLua();
  return shared;
}

async function makeLua(): Promise<Lua> {
  const vm = await makeVm();
  const L = vm.state;
  const chunks = new Map<string, number>();
  let serve: CallCommand = () => {
    throw new Error('no script is running');
  };
  /** What failed in our own code while Lua was on the stack; thrown once Lua has left it. */
  const defects: Error[] = [];

  /** Makes a function that scripts can call. Nothing may be thrown through Lua's own frames. */
  const expose = (work: (thread: number) => void): void =>
    vm.pushFunction(L, (thread) => {
      try {
        work(thread);
        return 1;
      } catch (error) {
        if (!(error instanceof RedisError))
          defects.push(error instanceof Error ? error : new Error('a defect'));
        pushField(vm, thread, 'err', error instanceof Error ? error.message : 'a defect');
      }
      return vm.raise(thread);
    });
  const command = (thread: number): void => {
    const [name = '', ...args] = argumentsOf(vm, thread);
    push(vm, thread, serve(name.toUpperCase(), args));
  };
  const redis: Readonly<Record<string, (thread: number) => void>> = {
    call: command,
    pcall: (thread) => {
      try {
        command(thread);
      } catch (error) {
        if (!(error instanceof RedisError)) throw error;
        pushField(vm, thread, 'err', error.message);
      }
    },
    sha1hex: (thread) => vm.pushText(thread, createHash('sha1').update(vm.text(thread, 1)).digest('hex')),
    error_reply: (thread) => pushField(vm, thread, 'err', vm.text(thread, 1)),
    status_reply: (thread) => pushField(vm, thread, 'ok', vm.text(thread, 1)),
    log: (thread) => vm.pushNil(thread),
  };
  const cjson: Readonly<Record<string, (thread: number) => void>> = {
    decode: (thread) => decodeJson(vm, thread, vm.text(thread, 1)),
    encode: (thread) => vm.pushText(thread, encodeJson(vm, thread, 1)),
  };
  for (const [library, functions] of Object.entries({ redis, cjson })) {
    vm.pushTable(L, 0, 8);
    for (const [name, work] of Object.entries(functions)) {
      expose(work);
      vm.setField(L, -2, name);
    }
    vm.pushNull(L);
    vm.setField(L, -2, 'null');
    ['LOG_DEBUG', 'LOG_VERBOSE', 'LOG_NOTICE', 'LOG_WARNING'].forEach((level, value) => {
      vm.pushNumber(L, value);
      vm.setField(L, -2, level);
    });
    vm.setGlobal(L, library);
  }
  if (!vm.load(L, PRELUDE) || !vm.call(L)) throw new Error(`the Lua prelude fails: ${vm.text(L, -1)}`);

  function compiled(script: string): number {
    const known = chunks.get(script);
    if (known !== undefined) return known;
    if (!vm.load(L, script)) {
      const why = vm.text(L, -1);
      vm.setTop(L, 0);
      throw new RedisError(`ERR Error compiling script (new function): ${why}`);
    }
    const chunk = vm.keep(L);
    chunks.set(script, chunk);
    return chunk;
  }

  return {
    run(script, keys, args, call) {
      const chunk = compiled(script);
      serve = call;
      setList(vm, 'KEYS', keys);
      setList(vm, 'ARGV', args);
      vm.pushKept(L, chunk);
      const succeeded = vm.call(L);
      try {
        const [defect] = defects.splice(0);
        if (defect) throw defect;
        if (!succeeded) throw new RedisError(raised(vm));
        return vm.top(L) === 0 ? null : replyOf(vm, 1);
      } finally {
        vm.setTop(L, 0);
      }
    },
  };
}

function setList(vm: Vm, name: string, texts: readonly string[]): void {
  const L = vm.state;
  vm.pushTable(L, texts.length, 0);
  texts.forEach((text, i) => {
    vm.pushText(L, text);
    vm.setItem(L, -2, i + 1);
  });
  vm.setGlobal(L, name);
}

/** The arguments of `redis.call`: numbers become text as Redis writes them. */
function argumentsOf(vm: Vm, L: number): readonly string[] {
  const texts: string[] = [];
  const count = vm.top(L);
  for (let i = 1; i <= count; i++) {
    const type = vm.type(L, i);
    if (type === luaTypes.string) texts.push(vm.text(L, i));
    else if (type === luaTypes.number) texts.push(seventeen(vm.number(L, i)));
    else throw new RedisError('ERR Lua redis lib command arguments must be strings or integers');
  }
  return texts;
}

function push(vm: Vm, L: number, reply: Reply): void {
  if (typeof reply === 'string') vm.pushText(L, reply);
  else if (typeof reply === 'number') vm.pushNumber(L, reply);
  else if (reply === null) vm.pushBoolean(L, false);
  else if (reply instanceof Status) pushField(vm, L, 'ok', reply.text);
  else if (reply instanceof RedisError) pushField(vm, L, 'err', reply.message);
  else {
    vm.makeRoom(L, 3);
    vm.pushTable(L, reply.length, 0);
    reply.forEach((part, i) => {
      push(vm, L, part);
      vm.setItem(L, -2, i + 1);
    });
  }
}

function pushField(vm: Vm, L: number, field: string, text: string): void {
  vm.pushTable(L, 0, 1);
  vm.pushText(L, text);
  vm.setField(L, -2, field);
}

/** What a script returns, as the server answers it: numbers lose their fraction, a list ends at its first nil. */
function replyOf(vm: Vm, index: number): Reply {
  const L = vm.state;
  switch (vm.type(L, index)) {
    case luaTypes.string:
      return vm.text(L, index);
    case luaTypes.number:
      return Math.trunc(vm.number(L, index));
    case luaTypes.boolean:
      return vm.isTrue(L, index) ? 1 : null;
    case luaTypes.table:
      return tableReply(vm, vm.absolute(L, index));
    default:
      return null;
  }
}

function tableReply(vm: Vm, table: number): Reply {
  const L = vm.state;
  for (const field of ['err', 'ok']) {
    const text = vm.getField(L, table, field) === luaTypes.string ? vm.text(L, -1) : undefined;
    vm.setTop(L, -2);
    if (text === undefined) continue;
    if (field === 'ok') return new Status(text);
    throw new RedisError(text);
  }
  const items: Reply[] = [];
  for (let i = 1; ; i++) {
    const isThere = vm.getItem(L, table, i) !== luaTypes.nil;
    if (isThere) items.push(replyOf(vm, -1));
    vm.setTop(L, -2);
    if (!isThere) return items;
  }
}

/** What ended a script: an error of a command, or of the script itself. */
function raised(vm: Vm): string {
  const L = vm.state;
  if (vm.type(L, -1) !== luaTypes.table) return `ERR ${vm.text(L, -1)}`;
  vm.getField(L, -1, 'err');
  return `${vm.text(L, -1)} script: simulated.`;
}
