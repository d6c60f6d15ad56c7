-- The only writer of what bots read. All keys of a login, its record, its next action, the released
-- lease and the event change together, and only for the newest fence.
-- includes fence.lua, ramp.lua, breaker-pace.lua, breaker.lua, publish.lua, patience.lua, uses.lua, pause.lua, decisions.lua
-- KEYS lease record due rearm owners list rampLevel rampUnderWay rampWaiting breaker breakerProbe
--   breakerFailing ledger
-- ARGV payload (JSON): publish's, and { owner, fence, generation, restore, adopted, claims, set, drop, names,
--   startedAt, lifeMs (0: the broker named its end), standing, dueAt, paused, made, rearmAt, events, ramp, open, answered,
--   signedIn = {windowMs} or nil, uses or nil }
-- -> {1, woken, reports...} committed, {0} stale, {-1, name} claimed by another login
local p = cjson.decode(ARGV[1])
local record = KEYS[2]
local t = redis.call('TIME')
local serverNow = t[1] * 1000 + math.floor(t[2] / 1000)

if p.restore then
  local ends = tonumber(redis.call('HGET', record, 'expiresAt') or '0')
  local endsAt = tonumber(redis.call('HGET', record, 'endsAt') or '0')
  local isOver = ends <= p.now or (endsAt > 0 and endsAt <= serverNow)
  local isWithdrawn = redis.call('HEXISTS', record, 'withdrawn') == 1
  -- Withdrawn meanwhile, replaced, or over by either clock: not ours to put back.
  if redis.call('HGET', record, 'generation') ~= p.generation or isOver or isWithdrawn then
    return { 0 }
  end
else
  -- What the broker has seen counts, whoever holds the account by now.
  if p.answered then
    answered(KEYS[10], KEYS[11], KEYS[12], KEYS[3], p)
    if p.signedIn then
      answeredSignIn(KEYS[10], KEYS[3], p)
    end
  end
  if isOvertaken(record, p.fence, p.owner) then
    -- It is in already: only the reply was lost on the way, and somebody has taken the next lease.
    local there = redis.call('HMGET', record, 'generation', 'digest')
    if there[1] == p.generation and there[2] == redis.sha1hex(p.token) then
      return { 1, 0 }
    end
    -- Too late to be stored; its sign-in is over all the same.
    leaveRamp(KEYS[7], KEYS[8], KEYS[9], KEYS[3], p, serverNow)
    return { 0 }
  end
  -- Taken over from somebody else, who may have written a newer one since it was read.
  if p.adopted and redis.call('GET', 'token:' .. p.name) ~= p.token then
    return { 0 }
  end
  local claims = { unpack(p.claims) }
  claims[#claims + 1] = 'token ' .. redis.sha1hex(p.token)
  for _, claim in ipairs(claims) do
    local holder = redis.call('HGET', KEYS[5], claim)
    local entry = holder and holder ~= p.name and redis.call('HGET', 'refresher:roster', holder)
    if entry then
      local held = redis.call('HMGET', 'refresher:account:' .. holder, 'expiresAt', 'identity')
      -- The session of a login that the holder is configured for no longer holds nothing.
      if tonumber(held[1] or '0') > p.now and held[2] == cjson.decode(entry).identity then
        return { -1, holder }
      end
    end
  end
  for _, claim in ipairs(cjson.decode(redis.call('HGET', record, 'claims') or '[]')) do
    if redis.call('HGET', KEYS[5], claim) == p.name then
      redis.call('HDEL', KEYS[5], claim)
    end
  end
  for _, claim in ipairs(claims) do
    redis.call('HSET', KEYS[5], claim, p.name)
  end
  redis.call('HSET', record, 'claims', cjson.encode(claims))
end

-- Dated by a clock that is ahead, and held up on its way here, its end would seem later than it is.
local attempt = not p.restore and p.lifeMs > 0 and redis.call('HGET', record, 'attempt')
if attempt and cjson.decode(attempt).startedAt == p.startedAt then
  local notedAt = redis.call('HGET', record, 'notedAt')
  p.endsBy = notedAt and tonumber(notedAt) + p.lifeMs or nil
end

-- Removed meanwhile: what is published runs out by itself, and nothing is planned.
local served = redis.call('HEXISTS', 'refresher:roster', p.name) == 1
local reports = publish(p, record, KEYS[6])
if p.rearmAt > 0 and served then
  redis.call('ZADD', KEYS[4], string.format('%.0f', p.rearmAt), p.name)
else
  redis.call('ZREM', KEYS[4], p.name)
end
if p.restore then
  return { 1, 0, unpack(reports) }
end

keepPatience(record, p, serverNow)
local fields = {}
for field, value in pairs(p.set) do
  fields[#fields + 1] = field
  fields[#fields + 1] = value
end
redis.call('HSET', record, 'fence', p.fence, 'holder', p.owner, 'known', '1', 'generation', p.generation, unpack(fields))
redis.call('HDEL', record, unpack(p.drop))
stand(p.name, p.names, p.standing, served)
keepDecision(p.name, p.made, p.now)
local isNews, holds = keepPause(record, p.paused, p.now)
if served then
  -- A token that came in spite of a pause (its call was under way) is kept; the account is told to rest now.
  redis.call('ZADD', KEYS[3], string.format('%.0f', (isNews or holds) and p.now or p.dueAt), p.name)
end
if p.signedIn and redis.call('EXISTS', KEYS[13]) == 1 then
  -- Dated by a clock that is ahead, it would excuse for as long what nobody answers after it.
  local at = math.min(p.now, serverNow)
  redis.call('SET', KEYS[13] .. ':success', string.format('%.0f', at), 'PX', string.format('%.0f', p.signedIn.windowMs))
end
local woken = leaveRamp(KEYS[7], KEYS[8], KEYS[9], KEYS[3], p, serverNow)
if redis.call('GET', KEYS[1]) == p.owner then
  redis.call('DEL', KEYS[1])
  countUses(p.name, p.uses)
end
for _, event in ipairs(p.events) do
  redis.call('PUBLISH', 'token-events', event)
end
return { 1, woken, unpack(reports) }
