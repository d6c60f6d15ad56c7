-- Shared by commit and restore: writes everything bots read of one login, in one step.
-- p: { name, token, now, expiresAt, endsBy (ms or nil), restore, keyUntil, listTtlMs, publications = {{name, discovered, meta = {...}}},
--   companions = {{key, token, keyUntil}} }
-- -> reports in words

-- Which login a consumer's name belongs to: configured before discovered.
local function ownerOf(name)
  local owner = redis.call('HGET', 'refresher:names', name)
  if owner then
    return owner
  end
  local finder = redis.call('HGET', 'refresher:discovered', name)
  return finder and redis.call('HEXISTS', 'refresher:roster', finder) == 1 and finder or nil
end

local function publish(p, recordKey, listKey)
  local written, reports, aliases = {}, {}, {}
  local ours = {}
  -- Whichever clock is ahead, ours or the server's, no key outlives its token.
  local t = redis.call('TIME')
  local serverNow = t[1] * 1000 + math.floor(t[2] / 1000)
  local endsAt = math.min(p.expiresAt, serverNow + (p.expiresAt - p.now))
  if p.endsBy then
    endsAt = math.min(endsAt, p.endsBy)
  end
  if p.restore then
    -- Whoever published it may have had another clock than who restores it.
    local known = tonumber(redis.call('HGET', recordKey, 'endsAt') or '0')
    endsAt = known > 0 and math.min(endsAt, known) or endsAt
  end
  local keyUntil = string.format('%.0f', math.min(endsAt, p.keyUntil, serverNow + (p.keyUntil - p.now)))

  local function typeOf(key)
    return redis.call('TYPE', key)['ok']
  end
  local function writeToken(key)
    local kind = typeOf(key)
    if kind ~= 'none' and kind ~= 'string' then
      -- The key is ours by contract: what a reader GETs must be a token. It is replaced, and said.
      reports[#reports + 1] = 'replaced a ' .. kind .. ' at ' .. key
    end
    redis.call('SET', key, p.token, 'PXAT', keyUntil)
    written[#written + 1] = key
  end

  local listKind = typeOf(listKey)
  local listUsable = listKind == 'none' or listKind == 'list'
  if not listUsable then
    reports[#reports + 1] = 'the key list ' .. listKey .. ' is a ' .. listKind .. ' and was left alone'
  end

  local publications, names = {}, {}
  for i, publication in ipairs(p.publications) do
    -- A reload may have given a sub-account to another login while the call was under way.
    local owner = ownerOf(publication.name)
    if i > 1 and owner and owner ~= p.name then
      reports[#reports + 1] = publication.name .. ' belongs to ' .. owner .. ' now and was not written'
    else
      if publication.discovered then
        redis.call('HSET', 'refresher:discovered', publication.name, p.name)
      end
      publications[#publications + 1] = publication
      names[#names + 1] = publication.name
    end
  end

  for i, publication in ipairs(publications) do
    local metaKey = 'meta:' .. publication.name
    local kind = typeOf(metaKey)
    if kind ~= 'none' and kind ~= 'hash' then
      reports[#reports + 1] = 'replaced a ' .. kind .. ' at ' .. metaKey
    end
    redis.call('DEL', metaKey)
    local fields = {}
    for field, value in pairs(publication.meta) do
      fields[#fields + 1] = field
      fields[#fields + 1] = value
    end
    redis.call('HSET', metaKey, unpack(fields))
    redis.call('PEXPIREAT', metaKey, keyUntil)
    ours['token:' .. publication.name] = true
    writeToken('token:' .. publication.name)
    if i == 1 then
      ours['auth:' .. publication.name] = true
      writeToken('auth:' .. publication.name)
    end
  end

  if listUsable then
    local listed = {}
    local former = {}
    for _, key in ipairs(cjson.decode(redis.call('HGET', recordKey, 'ownKeys') or '[]')) do
      former[key] = true
    end
    for position, entry in ipairs(redis.call('LRANGE', listKey, 0, -1)) do
      local prefix, name = string.match(entry, '^(%l+):([%w%._@%-]+)$')
      if listed[entry] or ours[entry] then
        listed[entry] = true
      elseif former[entry] then
        -- A sub-account that is configured no longer: its key runs out by itself.
        redis.call('LREM', listKey, 0, entry)
      elseif (prefix ~= 'token' and prefix ~= 'auth') or #name > 64 then
        -- What was put there by mistake may be a token: only what looks like a key is shown, and its beginning.
        local shown = string.match(entry, '^%l+:[%w%._@%-:]*$') and string.sub(entry, 1, 40)
        reports[#reports + 1] = 'the key list ' .. listKey .. ' has an entry that is never written: '
          .. (shown or ('number ' .. position .. ', no key'))
      else
        listed[entry] = true
        local configured = ownerOf(name)
        local alias = redis.call('HGET', 'refresher:aliases', name)
        if alias and redis.call('HEXISTS', 'refresher:roster', alias) == 0 then
          -- Its owner was removed: the name is free.
          alias = nil
        end
        if (configured and configured ~= p.name) or (not configured and alias and alias ~= p.name) then
          reports[#reports + 1] = 'the key list ' .. listKey .. ' has an entry that belongs to ' .. (configured or alias) .. ': ' .. entry
        else
          if not configured then
            redis.call('HSET', 'refresher:aliases', name, p.name)
            aliases[#aliases + 1] = name
          end
          writeToken(entry)
        end
      end
    end
    for _, publication in ipairs(publications) do
      local key = 'token:' .. publication.name
      if not listed[key] then
        redis.call('RPUSH', listKey, key)
      end
    end
    redis.call('PEXPIRE', listKey, p.listTtlMs)
  end

  -- Names that were on the list before and are no longer: free for others.
  local kept = {}
  for _, name in ipairs(aliases) do
    kept[name] = true
  end
  for _, name in ipairs(cjson.decode(redis.call('HGET', recordKey, 'aliases') or '[]')) do
    if listUsable and not kept[name] and redis.call('HGET', 'refresher:aliases', name) == p.name then
      redis.call('HDEL', 'refresher:aliases', name)
    end
  end
  for _, companion in ipairs(p.companions) do
    local companionUntil = math.min(companion.keyUntil, serverNow + (companion.keyUntil - p.now))
    redis.call('SET', companion.key, companion.token, 'PXAT', string.format('%.0f', companionUntil))
  end
  local companionKeys = {}
  for _, companion in ipairs(p.companions) do
    companionKeys[#companionKeys + 1] = companion.key
  end
  -- Sub-accounts that the broker lists no longer: free for others, their keys run out.
  local present = {}
  for _, name in ipairs(names) do
    present[name] = true
  end
  for _, name in ipairs(cjson.decode(redis.call('HGET', recordKey, 'names') or '[]')) do
    if not present[name] and redis.call('HGET', 'refresher:discovered', name) == p.name then
      redis.call('HDEL', 'refresher:discovered', name)
      redis.call('PEXPIRE', 'state:' .. name, 86400000)
    end
  end
  local ownKeys = {}
  for key, _ in pairs(ours) do
    ownKeys[#ownKeys + 1] = key
  end
  -- The token's end by the server's own clock: whoever re-arms later may have another.
  redis.call('HSET', recordKey, 'endsAt', string.format('%.0f', endsAt))
  redis.call('HSET', recordKey, 'keys', cjson.encode(written), 'digest', redis.sha1hex(p.token))
  redis.call('HSET', recordKey, 'ownKeys', cjson.encode(ownKeys), 'names', cjson.encode(names))
  redis.call('HSET', recordKey, 'companionKeys', #companionKeys > 0 and cjson.encode(companionKeys) or '[]')
  redis.call('HSET', recordKey, 'aliases', #aliases > 0 and cjson.encode(aliases) or '[]')
  -- A list full of junk is said by its beginning.
  for i = #reports, 51, -1 do
    reports[i] = nil
  end
  return reports
end

-- Tells readers why a key is there or not: `state:<name>` for every name of the login. That of an
-- account which was removed meanwhile ends after a day; a name that is another login's by now is left to it.
local function stand(login, names, standing, served)
  for _, name in ipairs(names) do
    local key = 'state:' .. name
    local owner = ownerOf(name)
    if not owner or owner == login then
      local kind = redis.call('TYPE', key)['ok']
      if kind ~= 'none' and kind ~= 'hash' then
        redis.call('DEL', key)
      end
      local since = standing.since
      local said = redis.call('HMGET', key, 'state', 'reason', 'since')
      if said[1] == standing.state and said[2] == standing.reason then
        since = said[3] or since
      end
      redis.call('HSET', key, 'state', standing.state, 'reason', standing.reason, 'since', since, 'expiresAt', standing.expiresAt)
      if served then
        redis.call('PERSIST', key)
      elseif redis.call('PTTL', key) < 0 then
        redis.call('PEXPIRE', key, 86400000)
      end
    end
  end
end
