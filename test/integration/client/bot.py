"""Bots for the table of behaviours: commands as lines of JSON on standard input, answers on standard output."""

import asyncio
import json
import sys
import threading
import time

import redis
import redis.asyncio
from token_refresher import AsyncTokenReader, TokenReader

writing = threading.Lock()


def say(**line):
    with writing:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


class Refused(Exception):
    status_code = 401


class Answer:
    def __init__(self, status):
        self.status = status


def broker_answer(token, broker, tries):
    tries.append({"generation": token.generation, "at": time.monotonic() * 1000})
    if "fails" in broker:
        raise ValueError(broker["fails"])
    if token.generation > broker.get("refuses", 0):
        return Answer(200)
    if broker.get("answers"):
        return Answer(401)
    raise Refused("refused")


def end_of_error(error):
    if isinstance(error, Refused):
        return "refused"
    code = getattr(error, "code", None)
    return f"{code} {error}" if code else str(error)


def end_of_value(value):
    return "refused" if value.status == 401 else "done"


def options_of(broker):
    given = {"retry_delay": broker.get("delayMs", 2000) / 1000}
    if "waitMs" in broker:
        given["timeout"] = broker["waitMs"] / 1000
    return given


def read_in_words(token):
    return token and {
        "name": token.name,
        "token": token.token,
        "generation": token.generation,
        "baseUrl": token.base_url,
    }


def lack_in_words(lack):
    return lack and {"state": lack.state, "reason": lack.reason}


class Bot:
    """Its clock stands still where that is asked for, and moves by `elapse`."""

    def __init__(self, frozen):
        self.now = 0.0
        self.errors = 0
        self.stops = {}
        self.clock = (lambda: self.now) if frozen else time.monotonic

    def failed(self, _error):
        self.errors += 1

    def heard(self, following, throws):
        def on_token(token):
            say(following=following, heard=token and token.generation)
            if throws:
                raise ValueError("made up")

        return on_token


class ThreadBot(Bot):
    def __init__(self, url, frozen):
        super().__init__(frozen)
        self.redis = redis.Redis.from_url(url)
        self.reader = TokenReader(self.redis, on_error=self.failed, clock=self.clock)

    def call(self, name, broker):
        made = [None] * broker.get("times", 1)

        def one(i):
            tries = []

            @self.reader.with_token(name, **options_of(broker))
            def ask(token):
                return broker_answer(token, broker, tries)

            try:
                made[i] = {"ended": end_of_value(ask()), "tries": tries}
            except Exception as error:
                made[i] = {"ended": end_of_error(error), "tries": tries}

        threads = [threading.Thread(target=one, args=(i,)) for i in range(len(made))]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        return made

    def do(self, op, args):
        if op == "call":
            return self.call(*args)
        if op == "read":
            return read_in_words(self.reader.read(*args))
        if op == "why":
            return lack_in_words(self.reader.why(*args))
        if op == "getFirst":
            found = self.reader.get_first(*args)
            return found and found.name
        return getattr(self.reader, op)(*args)

    def follow(self, following, name, throws):
        self.stops[following] = self.reader.subscribe(name, self.heard(following, throws))

    def close(self):
        self.reader.close()
        self.redis.close()


class TaskBot(Bot):
    def __init__(self, url, frozen):
        super().__init__(frozen)
        self.redis = redis.asyncio.Redis.from_url(url, decode_responses=True)
        self.reader = AsyncTokenReader(self.redis, on_error=self.failed, clock=self.clock)

    async def call(self, name, broker):
        async def one():
            tries = []

            @self.reader.with_token(name, **options_of(broker))
            async def ask(token):
                return broker_answer(token, broker, tries)

            try:
                return {"ended": end_of_value(await ask()), "tries": tries}
            except Exception as error:
                return {"ended": end_of_error(error), "tries": tries}

        return await asyncio.gather(*(one() for _ in range(broker.get("times", 1))))

    async def do(self, op, args):
        if op == "call":
            return await self.call(*args)
        if op == "read":
            return read_in_words(await self.reader.read(*args))
        if op == "why":
            return lack_in_words(await self.reader.why(*args))
        if op == "getFirst":
            found = await self.reader.get_first(*args)
            return found and found.name
        return await getattr(self.reader, op)(*args)

    def follow(self, following, name, throws):
        self.stops[following] = self.reader.subscribe(name, self.heard(following, throws))

    async def close(self):
        await self.reader.close()
        await self.redis.connection_pool.disconnect()


def at_once(bot, op, args):
    """What needs no waiting; `NotImplemented` for the rest."""
    if op == "elapse":
        bot.now += args[0] / 1000
    elif op == "follow":
        bot.follow(*args)
    elif op == "stop":
        bot.stops.pop(args[0])()
    elif op == "errors":
        return bot.errors
    else:
        return NotImplemented
    return None


def in_threads():
    bots = {}

    def work(id, bot, op, args):
        try:
            if op == "close":
                return say(id=id, answer=bot.close())
            say(id=id, answer=bot.do(op, args))
        except Exception as error:
            say(id=id, code=getattr(error, "code", "ERROR"), message=str(error))

    for line in sys.stdin:
        asked = json.loads(line)
        if asked["op"] == "open":
            bots[asked["bot"]] = ThreadBot(*asked["args"])
            say(id=asked["id"])
            continue
        bot = bots[asked["bot"]]
        answer = at_once(bot, asked["op"], asked["args"])
        if answer is not NotImplemented:
            say(id=asked["id"], answer=answer)
            continue
        args = (asked["id"], bot, asked["op"], asked["args"])
        threading.Thread(target=work, args=args, daemon=True).start()


async def in_tasks():
    bots = {}
    tasks = set()

    async def work(id, bot, op, args):
        try:
            say(id=id, answer=await (bot.close() if op == "close" else bot.do(op, args)))
        except Exception as error:
            say(id=id, code=getattr(error, "code", "ERROR"), message=str(error))

    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        if asked["op"] == "open":
            bots[asked["bot"]] = TaskBot(*asked["args"])
            say(id=asked["id"])
            continue
        bot = bots[asked["bot"]]
        answer = at_once(bot, asked["op"], asked["args"])
        if answer is not NotImplemented:
            say(id=asked["id"], answer=answer)
            continue
        task = asyncio.ensure_future(work(asked["id"], bot, asked["op"], asked["args"]))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


if sys.argv[1] == "threads":
    in_threads()
else:
    asyncio.run(in_tasks())
