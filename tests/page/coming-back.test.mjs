// When the page tries again, and that it never does so in a circle; and the bucket.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Bucket } from "../../page/session.js";
import { Comeback, plan } from "../../page/wire.js";

const world = () => {
  const timers = new Map();
  let [clock, next] = [0, 0];
  const it = {
    tries: 0,
    hidden: false,
    now: () => clock,
    advance(ms) {
      const end = clock + ms;
      for (;;) {
        const due = [...timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at)[0];
        if (!due) break;
        timers.delete(due[0]);
        clock = Math.max(clock, due[1].at);
        due[1].act();
      }
      clock = end;
    },
  };
  const comeback = new Comeback(
    { now: it.now, later: (act, ms) => (timers.set(++next, { act, at: clock + ms }), next), never: (id) => timers.delete(id), hidden: () => it.hidden, random: () => 0.5 },
    () => (it.tries += 1),
  );
  return Object.assign(it, { comeback });
};

test("each reason has its own way back", () => {
  const half = () => 0.5;
  for (const why of ["quit", "login-timeout", "login-lines", "logged-out"]) assert.equal(plan(why, 0, half).next, "gate", why);
  for (const why of ["kicked", "replaced", "no-fit"]) assert.equal(plan(why, 0, half).next, "stop", why);
  assert.deepEqual(plan("lost", 0, half), { next: "again", after: 1_000 });
  assert.deepEqual(plan("closed", 3, half), { next: "again", after: 8_000 });
  assert.deepEqual(plan("server-stopped", 0, half), { next: "again", after: 2_000 });
  assert.deepEqual(plan("timeout", 0, half), { next: "again", after: 0 });
  assert.equal(plan("failed", 2, half).next, "again");
  assert.equal(plan("failed", 3, half).next, "stop");
  for (const random of [0, 0.5, 0.999]) {
    const { after } = plan("full", 0, () => random);
    assert.ok(after >= 15_000 && after <= 45_000);
    const slow = plan("slow-consumer", 0, () => random).after;
    assert.ok(slow >= 1_000 && slow <= 3_000);
  }
});

test("waits grow to 30 s, each up to 30 % more or less", () => {
  const waits = [0, 1, 2, 3, 4, 5, 9].map((tries) => plan("lost", tries, () => 0.5).after);
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  assert.equal(plan("lost", 9, () => 0).after, 21_000);
  assert.ok(plan("lost", 9, () => 0.9999).after <= 39_000);
});

test("no reason makes more than a few tries in a minute, also if each try comes up and ends at once", () => {
  for (const why of ["lost", "timeout", "slow-consumer", "server-stopped", "no-answer", "full", "failed", "unheard-of"]) {
    const it = world();
    it.comeback.now();
    for (let ms = 0, seen = 0; ms < 60_000; ms += 50) {
      if (it.tries > seen) {
        seen = it.tries;
        it.comeback.up();
        it.comeback.lost(why);
      }
      it.advance(50);
    }
    assert.ok(it.tries <= 8, `${why}: ${it.tries}`);
  }
});

test("a connection that lasted begins with the first wait again", () => {
  const it = world();
  for (let i = 0; i < 5; i++) it.comeback.lost("lost");
  it.comeback.up();
  it.advance(11_000);
  assert.equal(it.comeback.lost("lost").at, it.now() + 1_000);
});

test("waking tries at once, but only what is due, and once a second at most", () => {
  const it = world();
  assert.equal(it.comeback.wake(), false);
  it.comeback.lost("kicked");
  assert.equal(it.comeback.wake(), false);
  it.comeback.lost("lost");
  assert.equal(it.comeback.wake(), true);
  it.comeback.lost("lost");
  assert.equal(it.comeback.wake(), false);
  it.advance(1_000);
  it.advance(1_000);
  assert.equal(it.tries, 2);
});

test("a hidden page tries ever more rarely, and then waits to be shown", () => {
  const it = world();
  it.hidden = true;
  it.comeback.lost("lost");
  for (let ms = 0, seen = 0; ms < 3_600_000; ms += 500) {
    if (it.tries > seen) {
      seen = it.tries;
      it.comeback.lost("lost");
    }
    it.advance(500);
  }
  assert.equal(it.tries, 10);
  it.hidden = false;
  assert.equal(it.comeback.wake(), true);
});

test("the bucket counts as the server does", () => {
  const bucket = new Bucket(2, 10, 0);
  for (let i = 0; i < 10; i++) {
    assert.equal(bucket.wait(1, 0, 0), 0);
    bucket.spend(1);
  }
  assert.equal(bucket.wait(1, 0, 0), 500);
  assert.equal(bucket.wait(1, 0, 500), 0);
  assert.equal(bucket.wait(3, 4, 500), 3_000);
  bucket.empty(346, 500);
  assert.equal(bucket.wait(1, 0, 500), 346);
  assert.equal(bucket.wait(1, 0, 846), 0);
  assert.equal(new Bucket(0, 10, 0).wait(99, 4, 0), 0);
});

test("a question may always be asked once the bucket is full, however small it is", () => {
  assert.equal(new Bucket(1, 2, 0).wait(3, 4, 0), 0);
});
