-- Consumers say that the broker refuses a token: kept in the record and looked at now, once however many report, and
-- no sooner than the broker's own wish allows. Nothing is kept of what is no longer out.
-- KEYS record due state roster
-- ARGV payload (JSON): { name, generations, present (true: a name that knows no generation), probed, now, restMs, gapMs,
--   replacementGapMs }
-- -> {outcome, generation, expiresAt, at (when it is acted on; of one that is noted)}
local p = cjson.decode(ARGV[1])
if redis.call('HEXISTS', KEYS[4], p.name) == 0 then
  return { 'unknown', '0', '0' }
end
local r = redis.call('HMGET', KEYS[1], 'generation', 'expiresAt', 'withdrawn', 'reported', 'provenAt', 'proofDueAt',
  'pending', 'retryAt', 'trouble', 'reportedDead')
local generation, expiresAt = r[1] or '0', r[2] or '0'
local function is(outcome)
  return { outcome, generation, expiresAt }
end
local state = redis.call('TYPE', KEYS[3])['ok'] == 'hash' and redis.call('HGET', KEYS[3], 'state')
if state == 'paused' or state == 'stopped' or state == 'disabled' then
  return is('resting')
end
local isOut = p.present
for _, each in ipairs(p.generations) do
  isOut = isOut or each == generation
end
if not isOut then
  return is('outdated')
end
if tonumber(expiresAt) <= p.now or r[3] == '1' then
  return is('no_token')
end
if r[7] then
  return is('waiting')
end
local before = r[4] and cjson.decode(r[4])
-- By a clock that was far ahead: it would hold up all that follow.
if before and before.at > p.now + p.replacementGapMs then
  before = nil
end
local provenAt, proofDueAt = tonumber(r[5] or '0'), tonumber(r[6] or '0')
local at = p.now
if before and string.format('%.0f', before.generation) == generation then
  if not p.probed or (provenAt < before.at and proofDueAt > 0) then
    return is('again')
  end
  if before.at + p.restMs > p.now then
    return is(provenAt < before.at and 'again' or 'confirmed')
  end
elseif before then
  -- One that still waits for its moment does not put the next one off any further.
  at = math.max(at, before.at > p.now and before.at or before.at + p.gapMs)
end
-- A login that somebody else ends again and again is no loop of ours.
local diedAt = tonumber(r[10] or '0')
if diedAt <= p.now then
  at = math.max(at, diedAt + p.replacementGapMs)
end
-- What the broker asked of this account holds for a proof, too.
if r[9] and cjson.decode(r[9]).kind == 'throttled' then
  at = math.max(at, tonumber(r[8] or '0'))
end
local text = string.format('%.0f', at)
redis.call('HSET', KEYS[1], 'reported', '{"generation":' .. generation .. ',"at":' .. text .. '}')
if p.probed and (proofDueAt == 0 or proofDueAt > at) then
  redis.call('HSET', KEYS[1], 'proofDueAt', text)
end
local planned = redis.call('ZSCORE', KEYS[2], p.name)
if not planned or tonumber(planned) > at then
  redis.call('ZADD', KEYS[2], text, p.name)
end
return { 'noted', generation, expiresAt, text }
