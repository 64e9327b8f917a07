-- Deskbridge's atomic calls. bridge/redis/store.py puts the `#!lua` line before this text and the hash of it for @VERSION@ in
-- every name, so that daemons of two releases can share one server.
--
-- A function does not roll back half-way: each one validates first and writes last. The calls that let out what is in
-- carry `allow-oom`; `ingest` does not, so a full memory stops what comes in. Lists travel as one MessagePack array.

local CHUNK = 1000 -- arguments of one command: Lua's stack holds 8,000
local PACK = 64 -- deliveries of one out entry; bridge/redis/store.py packs them
local PENDING, SETTLED = '.', 'x'

local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- memory is looked at ten times a second at most: INFO costs as much as a small batch
local looked, crowded = 0, false
local function full(at, share)
  if at - looked >= 100 or at < looked then
    looked = at
    local info = redis.call('INFO', 'memory')
    local used, limit = info:match('used_memory:(%d+)'), info:match('\nmaxmemory:(%d+)')
    crowded = tonumber(limit) > 0 and tonumber(used) > tonumber(limit) * share
  end
  return crowded
end

-- What was seen: two sets that change places every week, so a key is remembered for one to two weeks and forgetting costs
-- nothing. Each carries the number of its week; one that carries another is from before and goes. Returns the present one
-- and the one before it.
local WEEK = 7 * 24 * 3600 * 1000

local function weeks(pair, at)
  local week = math.floor(at / WEEK)
  local present, before = pair[week % 2 + 1], pair[(week + 1) % 2 + 1]
  if redis.call('SISMEMBER', present, ':' .. week) == 0 then
    redis.call('UNLINK', present)
    redis.call('SADD', present, ':' .. week)
    if redis.call('SISMEMBER', before, ':' .. week - 1) == 0 then
      redis.call('UNLINK', before)
    end
  end
  return present, before
end

-- Remember those of `keys` that were not seen, nor stand earlier in the list ('' is new each time). Returns which they are
-- (nil = all) and how many.
local function sift(pair, keys, at)
  local present, before = weeks(pair, at)
  local total, count, new, fresh, mine = #keys, 0, {}, {}, {}
  for from = 1, total, CHUNK do
    local to = math.min(from + CHUNK - 1, total)
    local known = redis.call('SMISMEMBER', present, unpack(keys, from, to))
    local older = redis.call('SMISMEMBER', before, unpack(keys, from, to))
    for i = from, to do
      local key, at_i = keys[i], i - from + 1
      if key == '' then
        new[i], count = true, count + 1
      elseif known[at_i] == 0 and older[at_i] == 0 and not mine[key] then
        new[i], mine[key], count = true, true, count + 1
        fresh[#fresh + 1] = key
      end
    end
  end
  for from = 1, #fresh, CHUNK do
    redis.call('SADD', present, unpack(fresh, from, math.min(from + CHUNK - 1, #fresh)))
  end
  return new, count
end

local HEADER = { [0xc4] = '>B', [0xc5] = '>I2', [0xc6] = '>I4' } -- how long a binary is (cmsgpack does not know them)

-- The MessagePack array `packed` of binaries without those that are not marked.
local function chosen(packed, marked, count, total)
  local parts, n = { struct.pack('>BI4', 0xdd, count) }, 1
  local kind, at = packed:byte(1), 2
  if kind >= 0xdc then
    at = kind == 0xdc and 4 or 6
  end
  for i = 1, total do
    local length, start = struct.unpack(HEADER[packed:byte(at)], packed, at + 1)
    if marked[i] then
      n = n + 1
      parts[n] = packed:sub(at, start + length - 1)
    end
    at = start + length
  end
  return table.concat(parts)
end

local function append(stream, packed, marked, count, total)
  if count > 0 then
    redis.call('XADD', stream, '*', 'b', count == total and packed or chosen(packed, marked, count, total))
  end
end

-- 1 when all are true, else a string of 1 and 0
local function answer(marked, count, total)
  if count == total then
    return 1
  end
  local bits = {}
  for i = 1, total do
    bits[i] = marked[i] and '1' or '0'
  end
  return table.concat(bits)
end

-- in, seen, seen, cursor... | source keys, payloads, share of maxmemory, cursor fields...
local function ingest(keys, args)
  local at = clock()
  if full(at, tonumber(args[3])) then
    return redis.error_reply('FULL memory is nearly used up')
  end
  local sources = cmsgpack.unpack(args[1])
  local new, count = sift({ keys[2], keys[3] }, sources, at)
  append(keys[1], args[2], new, count, #sources)
  for i = 4, #keys do
    redis.call('HSET', keys[i], unpack(cmsgpack.unpack(args[i])))
  end
  return answer(new, count, #sources)
end

-- in | one input, packed; ms that its id has at least
local function prompt(keys, args)
  if clock() < tonumber(args[2]) then -- the clock was set back
    local added = redis.pcall('XADD', keys[1], args[2] .. '-*', 'b', args[1])
    if not added.err then
      return 1
    end
  end
  redis.call('XADD', keys[1], '*', 'b', args[1])
  return 1
end

-- lease, head, log, dead, (out, left)... | token, epoch, seq, last input, steps, faulted, (out, pack, last, deliveries)...
local function commit(keys, args)
  local held = redis.call('MGET', keys[1], keys[2])
  if held[1] ~= args[1] then
    return redis.error_reply('FENCED another core holds the lease')
  end
  local last = held[2] and held[2]:match('^%d+') or '0'
  if tonumber(last) + 1 ~= tonumber(args[3]) then
    return redis.error_reply('STALE the log stands at ' .. last)
  end
  local seq = args[3]
  redis.call('XADD', keys[3], seq .. '-0', 'e', args[2], 'i', args[4], 's', args[5])
  redis.call('SET', keys[2], seq .. ':' .. args[2] .. ':' .. args[4])
  if args[6] ~= '' then
    redis.call('XADD', keys[4], 'MAXLEN', '~', 10000, '*', 'seq', seq, 'faulted', args[6])
  end
  for i = 7, #args, 4 do -- the channel's place among the keys, the pack's number, its last delivery's, its deliveries
    local out, count = tonumber(args[i]), args[i + 2] - args[i + 1] * PACK + 1
    redis.call('XADD', keys[out], seq .. '-' .. args[i + 2], 'b', args[i + 3])
    redis.call('HSET', keys[out + 1], seq .. '-' .. args[i + 1], PENDING:rep(count))
  end
  return 1
end

-- lease, attempts | token, delivery, part
local function attempt(keys, args)
  if redis.call('GET', keys[1]) ~= args[1] then
    return redis.error_reply('FENCED another process holds the channel')
  end
  redis.call('HSET', keys[2], args[2], args[3] .. ':' .. clock())
  return 1
end

-- in, out, left, attempts | (seq, n)..., delivery ids, receipts
local function settle(keys, args)
  local places, ids = cmsgpack.unpack(args[1]), cmsgpack.unpack(args[2])
  local rows, settled, done = {}, {}, {}
  for i = 1, #ids do
    local seq, n = places[2 * i - 1], places[2 * i]
    local pack = math.floor(n / PACK)
    local field, place = seq .. '-' .. pack, n - pack * PACK + 1
    local row = rows[field] or redis.call('HGET', keys[3], field) or ''
    if row:sub(place, place) == PENDING then
      row = row:sub(1, place - 1) .. SETTLED .. row:sub(place + 1)
      settled[i], done[#done + 1] = true, ids[i]
    end
    rows[field] = row
  end
  for field, row in pairs(rows) do
    if row:find(PENDING, 1, true) then
      redis.call('HSET', keys[3], field, row)
    elseif row ~= '' then
      local seq, pack = field:match('(%d+)-(%d+)')
      redis.call('HDEL', keys[3], field)
      redis.call('XDEL', keys[2], seq .. '-' .. pack * PACK + #row - 1)
    end
  end
  if redis.call('EXISTS', keys[4]) == 1 then
    for from = 1, #done, CHUNK do
      redis.call('HDEL', keys[4], unpack(done, from, math.min(from + CHUNK - 1, #done)))
    end
  end
  append(keys[1], args[3], settled, #done, #ids)
  return answer(settled, #done, #ids)
end

-- lease, next | token, is it the first, chunk
local function snapshot_part(keys, args)
  if redis.call('GET', keys[1]) ~= args[1] then
    return redis.error_reply('FENCED another core holds the lease')
  end
  if args[2] == '1' then
    redis.call('UNLINK', keys[2])
  end
  return redis.call('RPUSH', keys[2], args[3])
end

-- lease, next, newest, before | token, seq, parts
local function snapshot(keys, args)
  if redis.call('GET', keys[1]) ~= args[1] then
    return redis.error_reply('FENCED another core holds the lease')
  end
  local stands = redis.call('LINDEX', keys[3], 0)
  if stands and tonumber(stands) > tonumber(args[2]) then
    return redis.error_reply('STALE a newer snapshot stands at ' .. stands)
  end
  if redis.call('LLEN', keys[2]) ~= tonumber(args[3]) then
    return redis.error_reply('STALE the snapshot is incomplete')
  end
  redis.call('LPUSH', keys[2], args[2])
  redis.call('UNLINK', keys[4])
  if stands then
    redis.call('RENAME', keys[3], keys[4])
  end
  redis.call('RENAME', keys[2], keys[3])
  return 1
end

-- lease | token, milliseconds, by force
local function take(keys, args)
  local holder = redis.call('GET', keys[1])
  if holder and holder ~= args[1] and args[3] ~= '1' then
    return 0
  end
  redis.call('SET', keys[1], args[1], 'PX', args[2])
  return 1
end

-- lease | token, milliseconds (0 = let go)
local function hold(keys, args)
  if redis.call('GET', keys[1]) ~= args[1] then
    return 0
  end
  if args[2] == '0' then
    return redis.call('DEL', keys[1])
  end
  return redis.call('PEXPIRE', keys[1], args[2])
end

-- live | process, milliseconds
local function beat(keys, args)
  return redis.call('ZADD', keys[1], clock() + tonumber(args[2]), args[1])
end

-- live |
local function roll_call(keys)
  local at = clock()
  return { redis.call('ZRANGEBYSCORE', keys[1], '(' .. at, '+inf'), redis.call('ZRANGEBYSCORE', keys[1], '-inf', at) }
end

-- live | process; not when it was heard of again meanwhile
local function forget(keys, args)
  local lives_until = redis.call('ZSCORE', keys[1], args[1])
  if not lives_until or tonumber(lives_until) > clock() then
    return 0
  end
  return redis.call('ZREM', keys[1], args[1])
end

-- out, left | lowest seq to keep
local function trim_out(keys, args)
  local gone, keep = {}, tonumber(args[1])
  for _, field in ipairs(redis.call('HKEYS', keys[2])) do
    if tonumber(field:match('^%d+')) < keep then
      gone[#gone + 1] = field
    end
  end
  for from = 1, #gone, CHUNK do
    redis.call('HDEL', keys[2], unpack(gone, from, math.min(from + CHUNK - 1, #gone)))
  end
  return redis.call('XTRIM', keys[1], 'MINID', args[1])
end

-- What channels remember: the rows of a kind in a hash, their times in a sorted set.

local function without(keys, gone)
  for from = 1, #gone, CHUNK do
    local to = math.min(from + CHUNK - 1, #gone)
    redis.call('HDEL', keys[1], unpack(gone, from, to))
    redis.call('ZREM', keys[2], unpack(gone, from, to))
  end
end

-- rows, times | most, ms to keep (0 = for ever), refuse what is too much (1), (key, value, ms)...
local function remember(keys, args)
  local at, most, keep = clock(), tonumber(args[1]), tonumber(args[2])
  if keep > 0 then
    without(keys, redis.call('ZRANGEBYSCORE', keys[2], '-inf', at - keep))
  end
  local rows, new, mine = {}, 0, {}
  for i = 4, #args, 3 do
    local key, since = args[i], tonumber(args[i + 2])
    since = (since <= 0 or since > at) and at or since
    local known = tonumber(mine[key] or redis.call('ZSCORE', keys[2], key) or -1)
    if known <= since and (keep == 0 or since > at - keep) then
      new = new + (known < 0 and 1 or 0)
      rows[#rows + 1], mine[key] = { key, args[i + 1], since }, since
    end
  end
  if args[3] == '1' and new > 0 and redis.call('ZCARD', keys[2]) + new > most then
    return redis.error_reply('FULL so many rows are not kept')
  end
  for _, row in ipairs(rows) do
    redis.call('HSET', keys[1], row[1], row[2])
    redis.call('ZADD', keys[2], row[3], row[1])
  end
  local over = redis.call('ZCARD', keys[2]) - most
  if over > 0 then
    without(keys, redis.call('ZRANGE', keys[2], 0, over - 1))
  end
  if keep > 0 then
    redis.call('PEXPIRE', keys[1], keep)
    redis.call('PEXPIRE', keys[2], keep)
  end
  return #rows
end

-- rows, times | ms to keep, how many of the newest to pass over, how many; the newest first, and whether there may be more
local function remembered(keys, args)
  local found, keep = { 0 }, tonumber(args[1])
  local since = keep > 0 and '(' .. clock() - keep or '-inf'
  local places = redis.call('ZREVRANGEBYSCORE', keys[2], '+inf', since, 'WITHSCORES', 'LIMIT', args[2], args[3])
  found[1] = #places == 2 * tonumber(args[3]) and 1 or 0
  for i = 1, #places, 2 do
    local value = redis.call('HGET', keys[1], places[i])
    if value then
      found[#found + 1], found[#found + 2], found[#found + 3] = places[i], value, places[i + 1]
    end
  end
  return found
end

-- rows, times | ms to keep, key...
local function recall(keys, args)
  local found, keep, at = {}, tonumber(args[1]), clock()
  for i = 2, #args do
    local since = redis.call('ZSCORE', keys[2], args[i])
    local value = since and redis.call('HGET', keys[1], args[i])
    if value and (keep == 0 or tonumber(since) > at - keep) then
      found[#found + 1], found[#found + 2], found[#found + 3] = args[i], value, since
    end
  end
  return found
end

-- rows, times | key...
local function unremember(keys, args)
  without(keys, args)
  return 1
end

local function register(name, callback, flags)
  redis.register_function({ function_name = name .. '_@VERSION@', callback = callback, flags = flags })
end

register('ingest', ingest, {})
register('prompt', prompt, { 'allow-oom' })
register('commit', commit, { 'allow-oom' })
register('attempt', attempt, { 'allow-oom' })
register('settle', settle, { 'allow-oom' })
register('snapshot_part', snapshot_part, { 'allow-oom' })
register('snapshot', snapshot, { 'allow-oom' })
register('take', take, { 'allow-oom' })
register('hold', hold, { 'allow-oom' })
register('beat', beat, { 'allow-oom' })
register('roll_call', roll_call, { 'no-writes', 'allow-oom' })
register('forget', forget, { 'allow-oom' })
register('trim_out', trim_out, { 'allow-oom' })
register('remember', remember, { 'allow-oom' })
register('remembered', remembered, { 'no-writes', 'allow-oom' })
register('recall', recall, { 'no-writes', 'allow-oom' })
register('unremember', unremember, { 'allow-oom' })
