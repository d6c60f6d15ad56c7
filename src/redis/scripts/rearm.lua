-- Gives the keys of a live token their full TTL again: only while value and generation are ours.
-- KEYS record rearm   ARGV name now capMs share (of the cap, after which it is re-armed again)
-- -> 'ok', 'missing' (a key is gone though the token lives), 'foreign' (somebody wrote another
--    value), 'over' (the token is dead, nothing is re-armed)
local now = tonumber(ARGV[2])
local expiresAt = tonumber(redis.call('HGET', KEYS[1], 'expiresAt') or '0')
if expiresAt <= now then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return 'over'
end
local keyUntil = math.min(expiresAt, now + tonumber(ARGV[3]))
local t = redis.call('TIME')
local serverNow = t[1] * 1000 + math.floor(t[2] / 1000)
local endsAt = tonumber(redis.call('HGET', KEYS[1], 'endsAt') or '0')
local keyEnd = math.min(keyUntil, serverNow + (keyUntil - now))
if endsAt > 0 then
  keyEnd = math.min(keyEnd, endsAt)
end
local untilText = string.format('%.0f', keyEnd)
local digest = redis.call('HGET', KEYS[1], 'digest')
local generation = redis.call('HGET', KEYS[1], 'generation')
local outcome = 'ok'
for _, key in ipairs(cjson.decode(redis.call('HGET', KEYS[1], 'keys') or '[]')) do
  local kind = redis.call('TYPE', key)['ok']
  if kind == 'none' then
    if outcome == 'ok' then outcome = 'missing' end
  elseif kind ~= 'string' or redis.sha1hex(redis.call('GET', key)) ~= digest then
    outcome = 'foreign'
  else
    redis.call('PEXPIREAT', key, untilText)
  end
end
for _, name in ipairs(cjson.decode(redis.call('HGET', KEYS[1], 'names') or '[]')) do
  local key = 'meta:' .. name
  local kind = redis.call('TYPE', key)['ok']
  if kind == 'none' then
    if outcome == 'ok' then outcome = 'missing' end
  elseif kind ~= 'hash' or redis.call('HGET', key, 'generation') ~= generation then
    outcome = 'foreign'
  else
    redis.call('PEXPIREAT', key, untilText)
  end
end
if keyUntil < expiresAt then
  redis.call('ZADD', KEYS[2], string.format('%.0f', now + tonumber(ARGV[4]) * tonumber(ARGV[3])), ARGV[1])
else
  redis.call('ZREM', KEYS[2], ARGV[1])
end
return outcome
