-- Everything that ends without a new token: a rest, a failure, a stop. Touches no token key.
-- includes fence.lua, ramp.lua, breaker-pace.lua, breaker.lua, budget.lua, publish.lua (for stand), patience.lua, uses.lua, pause.lua, decisions.lua
-- KEYS lease record due rampLevel rampUnderWay rampWaiting breaker breakerProbe breakerFailing ledger
--   failureBudget... refundedBudget...
-- ARGV payload (JSON): { name, names, owner, fence, now, set, drop, standing, dueAt,
--   seenRequest, seenReport, event, ramp, open, answer = 'up' | 'down' | '', reached, signIn = 'sent' | 'unsent' | '' (no sign-in), trips, member, withdraw, companionsToo, paused, made,
--   charge = {class, windowMs} or nil, failed = {windowMs...},
--   refunded = {calls that are kept...}, uses or nil }
-- -> {1, woken} settled, {0, woken} a newer lease was given out
local p = cjson.decode(ARGV[1])
local t = redis.call('TIME')
local serverNow = t[1] * 1000 + math.floor(t[2] / 1000)
local woken = leaveRamp(KEYS[4], KEYS[5], KEYS[6], KEYS[3], p, serverNow)
-- What the broker has seen counts, whoever holds the account by now.
if p.answer == 'up' or p.reached then
  answered(KEYS[7], KEYS[8], KEYS[9], KEYS[3], p)
end
if p.answer == 'down' then
  if unanswered(KEYS[7], KEYS[8], KEYS[9], p, serverNow) then
    -- After an outage everybody signs in at once: they ramp up again.
    restartRamp(KEYS[4])
  end
end
if p.signIn == 'sent' and p.answer == 'up' then
  answeredSignIn(KEYS[7], KEYS[3], p)
elseif p.signIn == 'sent' and p.answer == 'down' then
  unansweredSignIn(KEYS[7], p, serverNow)
elseif p.signIn ~= '' then
  freeSignIn(KEYS[7], p)
end
if p.charge then
  countFailure(KEYS[10], p.charge.class .. ':' .. p.member, p.charge.windowMs, p.now)
end
for i, windowMs in ipairs(p.failed) do
  countFailure(KEYS[10 + i], p.member, windowMs, p.now)
end
for i, kept in ipairs(p.refunded) do
  -- It never left: the broker counted nothing but what had gone out before it.
  for call = kept + 1, 9 do
    redis.call('ZREM', KEYS[10 + #p.failed + i], call == 1 and p.member or p.member .. ':' .. call)
  end
end
if isOvertaken(KEYS[2], p.fence, p.owner) then
  return { 0, woken }
end
-- One that came while we were busy is newer than what we carry on, and looked at now. One that we
-- carry on waits for the next look: looked at now, it would be looked at for ever.
local wish = redis.call('HGET', KEYS[2], 'request')
local isNewer = wish and wish ~= p.seenRequest
if isNewer then
  p.set.request = nil
end
local report = redis.call('HGET', KEYS[2], 'reported')
local isReported = report and cjson.decode(report).at ~= p.seenReport
if isReported then
  -- It came while we were busy, and set when the token is to be proved: nobody knew of it here.
  p.set.proofDueAt = nil
  for i, field in ipairs(p.drop) do
    if field == 'proofDueAt' then
      table.remove(p.drop, i)
      break
    end
  end
end
if p.withdraw then
  -- The broker no longer honours the token: whoever reads it now would lose money.
  local digest = redis.call('HGET', KEYS[2], 'digest')
  for _, key in ipairs(cjson.decode(redis.call('HGET', KEYS[2], 'keys') or '[]')) do
    local value = redis.call('TYPE', key)['ok'] == 'string' and redis.call('GET', key)
    if value and redis.sha1hex(value) == digest then
      redis.call('DEL', key)
    end
  end
  local generation = redis.call('HGET', KEYS[2], 'generation')
  if report and string.format('%.0f', cjson.decode(report).generation) == generation then
    -- The next one is got because consumers said so: report.lua lets that happen no more often than it may.
    redis.call('HSET', KEYS[2], 'reportedDead', string.format('%.0f', p.now))
  end
  for _, name in ipairs(p.names) do
    local key = 'meta:' .. name
    if redis.call('TYPE', key)['ok'] == 'hash' and redis.call('HGET', key, 'generation') == generation then
      redis.call('DEL', key)
    end
  end
  if p.companionsToo then
    for _, key in ipairs(cjson.decode(redis.call('HGET', KEYS[2], 'companionKeys') or '[]')) do
      redis.call('DEL', key)
    end
  end
end
keepPatience(KEYS[2], p, serverNow)
local fields = {}
for field, value in pairs(p.set) do
  fields[#fields + 1] = field
  fields[#fields + 1] = value
end
redis.call('HSET', KEYS[2], 'fence', p.fence, 'holder', p.owner, 'known', '1', unpack(fields))
redis.call('HDEL', KEYS[2], unpack(p.drop))
local served = redis.call('HEXISTS', 'refresher:roster', p.name) == 1
local isPauseNews = keepPause(KEYS[2], p.paused, p.now)
stand(p.name, p.names, p.standing, served)
if p.standing.reason == 'broker_down' and redis.call('EXISTS', KEYS[7]) == 1 then
  waitForTry(KEYS[7], p.name)
end
keepDecision(p.name, p.made, p.now)
if wish and not isNewer and not p.set.request then
  redis.call('HDEL', KEYS[2], 'request')
end
if not served then
  redis.call('ZREM', KEYS[3], p.name)
elseif isNewer or isPauseNews or isReported then
  redis.call('ZADD', KEYS[3], string.format('%.0f', p.now), p.name)
elseif p.dueAt > 0 then
  redis.call('ZADD', KEYS[3], string.format('%.0f', p.dueAt), p.name)
else
  redis.call('ZREM', KEYS[3], p.name)
end
if redis.call('GET', KEYS[1]) == p.owner then
  redis.call('DEL', KEYS[1])
  countUses(p.name, p.uses)
end
if p.event ~= '' then
  redis.call('PUBLISH', 'token-events', p.event)
end
return { 1, woken }
