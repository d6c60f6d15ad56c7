"""The program that desks run: a pool of ten threads, requests and redis-py in a loop."""

import json
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import redis
import requests

with open(sys.argv[1], encoding="utf-8") as file:
    task = json.load(file)
base = task["brokerUrl"]
store = redis.Redis.from_url(task["redisUrl"])
refresh_tokens = {}
stopping = False


def stop(_signal, _frame):
    global stopping
    stopping = True


signal.signal(signal.SIGTERM, stop)


def login(user):
    answer = requests.post(
        f"{base}/tradovate/authorize?locale=en",
        data={"locale": "en", "login": user, "password": f"made-up-{user}"},
        headers={"accept": "application/json"},
        timeout=10,
    )
    said = answer.json()["d"]
    return said["access_token"], max(1, said["expiration"] - int(time.time()))


def renew(user):
    url = f"{base}/ig/gateway/deal/session"
    headers = {"X-IG-API-KEY": f"made-up-key-{user}", "VERSION": "3"}
    body = {"identifier": user, "password": f"made-up-{user}"}
    if user in refresh_tokens:
        url += "/refresh-token"
        headers["VERSION"] = "1"
        body = {"refresh_token": refresh_tokens[user]}
    said = requests.post(url, json=body, headers=headers, timeout=10).json()
    pair = said.get("oauthToken", said)
    refresh_tokens[user] = pair["refresh_token"]
    return pair["access_token"], int(pair["expires_in"])


def refresh(user):
    if stopping:
        return
    token, life = login(user) if task["way"] == "login" else renew(user)
    store.set(f"token:{user}", token, ex=life)


with ThreadPoolExecutor(task["concurrency"]) as pool:
    while True:
        list(pool.map(refresh, task["users"]))
        if task["everyMs"] is None or stopping:
            break
