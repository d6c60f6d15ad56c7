-- Takes out everything of an account: what its readers read, and its record. Nobody looks after it meanwhile: the lease
-- is ours. A name that is another login's by now is left to it.
-- includes publish.lua (for ownerOf)
-- KEYS record lease list rearm owners   ARGV name owner now accountKeys (JSON) indexes (JSON: due, queued)
-- -> {1, how many keys were there} or {0} where the lease is not ours
local name = ARGV[1]
if redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return { 0 }
end
local record = KEYS[1]
local served = redis.call('HEXISTS', 'refresher:roster', name) == 1
-- Of whoever was never served here nothing is ours: a key of that name is somebody else's.
if not served and redis.call('EXISTS', record) == 0 then
  redis.call('DEL', KEYS[2])
  return { 1, 0 }
end
local function listIn(field)
  return cjson.decode(redis.call('HGET', record, field) or '[]')
end
local function isOurs(each)
  local owner = ownerOf(each)
  return not owner or owner == name
end
local gone = {}
local function drop(key)
  if redis.call('DEL', key) == 1 then
    gone[#gone + 1] = key
  end
end
local generation = redis.call('HGET', record, 'generation') or '0'
local digest = redis.call('HGET', record, 'digest')
local names = listIn('names')
names[#names + 1] = name
for _, key in ipairs(listIn('keys')) do
  -- Also what others put on the list: by its value, since its name may be somebody else's now.
  local value = redis.call('TYPE', key)['ok'] == 'string' and redis.call('GET', key)
  if value and digest and redis.sha1hex(value) == digest then
    drop(key)
  end
end
for _, key in ipairs(listIn('companionKeys')) do
  drop(key)
end
local seen, said = {}, {}
for _, each in ipairs(names) do
  if not seen[each] and isOurs(each) then
    seen[each] = true
    said[#said + 1] = each
    drop('token:' .. each)
    drop('auth:' .. each)
    drop('meta:' .. each)
    if not served then
      drop('state:' .. each)
    end
    if redis.call('HGET', 'refresher:discovered', each) == name then
      redis.call('HDEL', 'refresher:discovered', each)
    end
  end
end
for _, each in ipairs(listIn('aliases')) do
  if redis.call('HGET', 'refresher:aliases', each) == name then
    redis.call('HDEL', 'refresher:aliases', each)
  end
end
for _, claim in ipairs(listIn('claims')) do
  if redis.call('HGET', KEYS[5], claim) == name then
    redis.call('HDEL', KEYS[5], claim)
  end
end
if not served and redis.call('TYPE', KEYS[3])['ok'] == 'list' then
  drop(KEYS[3])
end
for _, key in ipairs(cjson.decode(ARGV[4])) do
  drop(key)
end
redis.call('ZREM', KEYS[4], name)
for _, key in ipairs(cjson.decode(ARGV[5])) do
  if served and redis.call('ZSCORE', key, name) then
    redis.call('ZADD', key, ARGV[3], name)
  else
    redis.call('ZREM', key, name)
  end
end
if #gone > 0 then
  redis.call('PUBLISH', 'token-events', cjson.encode({
    event = 'removed', username = name, names = said, generation = tonumber(generation), expiresAt = cjson.null,
  }))
end
redis.call('DEL', KEYS[2])
return { 1, #gone }
