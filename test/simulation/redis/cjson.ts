import { RedisError } from './reply.ts';
import { luaTypes, type Vm } from './vm.ts';

/** `cjson.decode`: pushes the value that a JSON text stands for. Throws RedisError. */
export function decodeJson(vm: Vm, L: number, text: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RedisError('ERR Expected value but found invalid token');
  }
  pushJson(vm, L, value);
}

function pushJson(vm: Vm, L: number, value: unknown): void {
  switch (typeof value) {
    case 'string':
      return vm.pushText(L, value);
    case 'number':
      return vm.pushNumber(L, value);
    case 'boolean':
      return vm.pushBoolean(L, value);
    default:
  }
  if (typeof value !== 'object' || value === null) return vm.pushNull(L);
  vm.makeRoom(L, 4);
  if (Array.isArray(value)) {
    vm.pushTable(L, value.length, 0);
    value.forEach((part: unknown, i) => {
      pushJson(vm, L, part);
      vm.setItem(L, -2, i + 1);
    });
    return;
  }
  vm.pushTable(L, 0, 8);
  for (const [field, part] of Object.entries(value)) {
    pushJson(vm, L, part);
    vm.setField(L, -2, field);
  }
}

/** `cjson.encode`: the text for the value at `index`. An empty table is `{}`. Throws RedisError. */
export function encodeJson(vm: Vm, L: number, index: number): string {
  switch (vm.type(L, index)) {
    case luaTypes.string:
      return quoted(vm.text(L, index));
    case luaTypes.number:
      return fourteen(vm.number(L, index));
    case luaTypes.boolean:
      return vm.isTrue(L, index) ? 'true' : 'false';
    case luaTypes.nil:
    case luaTypes.lightUserdata:
      return 'null';
    case luaTypes.table:
      return encodeTable(vm, L, vm.absolute(L, index));
    default:
      throw new RedisError('ERR Cannot serialise this type');
  }
}

function encodeTable(vm: Vm, L: number, table: number): string {
  vm.makeRoom(L, 4);
  const items: string[] = [];
  while (vm.getItem(L, table, items.length + 1) !== luaTypes.nil) {
    items.push(encodeJson(vm, L, -1));
    vm.setTop(L, -2);
  }
  vm.setTop(L, -2);
  if (items.length > 0) return `[${items.join(',')}]`;
  const fields: string[] = [];
  vm.pushNil(L);
  while (vm.next(L, table)) {
    // A copy: turned into text in its place, a number would confuse `next`.
    vm.pushCopy(L, -2);
    const name = quoted(vm.text(L, -1));
    vm.setTop(L, -2);
    fields.push(`${name}:${encodeJson(vm, L, -1)}`);
    vm.setTop(L, -2);
  }
  return `{${fields.join(',')}}`;
}

/** As lua-cjson: `/` and DEL are escaped as well. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('/', '\\/').replaceAll('\u007f', '\\u007f');
}

/** `%.14g`. */
function fourteen(value: number): string {
  return String(Number(value.toPrecision(14)));
}
