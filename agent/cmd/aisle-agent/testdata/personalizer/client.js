// Drives an agent with Microsoft's own two clients, as their samples do.
"use strict";
const assert = require("node:assert/strict");
const createPersonalizerClient = require("@azure-rest/ai-personalizer").default;
const { isUnexpected } = require("@azure-rest/ai-personalizer");
const { PersonalizerClient } = require("@azure/cognitiveservices-personalizer");
const { ApiKeyCredentials } = require("@azure/ms-rest-js");

const [endpoint, key] = process.argv.slice(2);

const rankRequest = eventId => ({
  contextFeatures: [{ timeOfDay: "Morning" }, { device: { mobile: true, screen: [320, 640] } }],
  actions: [
    { id: "NewsArticle", features: [{ type: "News" }] },
    { id: "SportsArticle", features: [{ type: "Sports", length: 3 }] },
    { id: "EntertainmentArticle", features: [{ type: "Entertainment" }] },
  ],
  excludedActions: ["SportsArticle"],
  eventId,
  deferActivation: true,
});

function check(ranked, eventId) {
  assert.equal(ranked.eventId, eventId);
  assert.equal(ranked.ranking.length, 3);
  assert.equal(ranked.ranking[0].id, ranked.rewardActionId);
  assert.notEqual(ranked.rewardActionId, "SportsArticle");
  const by = Object.fromEntries(ranked.ranking.map(r => [r.id, r.probability]));
  assert.equal(by.SportsArticle, 0);
  assert.ok(Math.abs(by.NewsArticle + by.EntertainmentArticle - 1) < 1e-9, JSON.stringify(by));
  assert.ok(by.EntertainmentArticle > 0 && by.NewsArticle > by.EntertainmentArticle, "the first is the baseline");
}

async function rest() {
  const client = createPersonalizerClient(endpoint, { key }, { allowInsecureConnection: true });
  const ranked = await client.path("/rank").post({ body: rankRequest("rest-1") });
  assert.ok(!isUnexpected(ranked), JSON.stringify(ranked.body));
  assert.equal(ranked.status, "201");
  check(ranked.body, "rest-1");
  const activated = await client.path("/events/{eventId}/activate", "rest-1").post();
  assert.equal(activated.status, "204");
  const rewarded = await client.path("/events/{eventId}/reward", "rest-1").post({ body: { value: 0.8 } });
  assert.equal(rewarded.status, "204");
  const configuration = await client.path("/configurations/service").get();
  assert.equal(configuration.status, "200");
  assert.equal(configuration.body.learningMode, "Online");
  const changed = await client.path("/configurations/service").put({
    body: { ...configuration.body, explorationPercentage: 0.3, rewardWaitTime: "PT20M" },
  });
  assert.equal(changed.status, "200");
  assert.equal(changed.body.explorationPercentage, 0.3);
  assert.equal(changed.body.rewardWaitTime, "PT20M");
  const zero = await client.path("/configurations/service").put({ body: { ...changed.body, explorationPercentage: 0 } });
  assert.ok(isUnexpected(zero));
  assert.equal(zero.body.error.code, "InvalidServiceConfiguration");
  const empty = await client.path("/rank").post({ body: { actions: [] } });
  assert.ok(isUnexpected(empty));
  assert.equal(empty.body.error.code, "InvalidRankRequest");
}

async function multiSlot() {
  const client = createPersonalizerClient(endpoint, { key }, { allowInsecureConnection: true });
  const body = eventId => ({
    contextFeatures: [{ timeOfDay: "Morning" }],
    actions: [
      { id: "NewsArticle", features: [{ type: "News" }] },
      { id: "SportsArticle", features: [{ type: "Sports" }] },
      { id: "EntertainmentArticle", features: [{ type: "Entertainment" }] },
    ],
    slots: [
      { id: "main", features: [{ size: "large" }], excludedActions: ["SportsArticle"], baselineAction: "NewsArticle" },
      { id: "side", features: [{ size: "small" }], excludedActions: ["EntertainmentArticle"], baselineAction: "SportsArticle" },
    ],
    eventId,
    deferActivation: true,
  });
  for (let i = 0; i < 20; i++) {
    const ranked = await client.path("/multislot/rank").post({ body: body(`multi-${i}`) });
    assert.ok(!isUnexpected(ranked), JSON.stringify(ranked.body));
    assert.equal(ranked.status, "201");
    assert.equal(ranked.body.eventId, `multi-${i}`);
    const [main, side] = ranked.body.slots;
    assert.deepEqual([main.id, side.id], ["main", "side"]);
    assert.notEqual(main.rewardActionId, side.rewardActionId);
    assert.notEqual(main.rewardActionId, "SportsArticle");
    assert.notEqual(side.rewardActionId, "EntertainmentArticle");
  }
  assert.equal((await client.path("/multislot/events/{eventId}/activate", "multi-0").post()).status, "204");
  const rewarded = await client.path("/multislot/events/{eventId}/reward", "multi-0")
    .post({ body: { reward: [{ slotId: "main", value: 1 }, { slotId: "side", value: -0.5 }] } });
  assert.equal(rewarded.status, "204");
  const wrong = await client.path("/multislot/events/{eventId}/reward", "multi-0").post({ body: { reward: [{ slotId: "other", value: 1 }] } });
  assert.ok(isUnexpected(wrong));
  assert.equal(wrong.body.error.code, "InvalidRewardRequest");
  const none = await client.path("/multislot/rank").post({ body: { ...body("multi-none"), slots: [] } });
  assert.ok(isUnexpected(none));
  assert.equal(none.body.error.code, "InvalidRankRequest");
}

async function legacy() {
  const client = new PersonalizerClient(new ApiKeyCredentials({ inHeader: { "Ocp-Apim-Subscription-Key": key } }), endpoint);
  check(await client.rank(rankRequest("legacy-1")), "legacy-1");
  await client.events.activate("legacy-1");
  await client.events.reward("legacy-1", { value: 1 });
  await assert.rejects(client.events.reward("legacy-1", { value: 7 }), error => {
    assert.equal(error.statusCode, 400);
    assert.equal(error.body.error.code, "InvalidRewardRequest");
    return true;
  });
  await assert.rejects(new PersonalizerClient(new ApiKeyCredentials({ inHeader: { "Ocp-Apim-Subscription-Key": "other" } }), endpoint)
    .rank(rankRequest("legacy-2")), error => error.statusCode === 401);
}

rest().then(multiSlot).then(legacy).then(() => console.log("both clients ranked, activated and rewarded"));
