/*
 * Baton's tracker. One line installs it; the API's address is that of this script:
 *
 *   <script defer src="https://api.example/t.js" data-baton></script>
 *
 * On the script:
 *   data-baton-consent    nothing is stored or sent until baton.consent(true)
 *   data-baton-reading    one coarse "Page Read" event when the visitor leaves a page
 *   data-baton-key="..."  the public write key, if the deployment has one
 * On any element:
 *   data-baton-track="Name" data-baton-plan-id="x"  a click tracks Name {plan_id: "x"}
 *   data-baton-download="asset"                     a click tracks "Asset Downloaded"
 *   data-baton-favourite="product"                  a click tracks "Product Added to Wishlist"
 * On a form:
 *   data-baton-then="#open"  post without leaving the page, then go there
 *   data-baton-form="demo"   post to that form of the API, from a page that cannot know its address
 *
 * Forms whose action is the API's are bound without an attribute, and work without this script too.
 */

// This file and recording.js are served as the body of one function, in this order. Here: the
// visitor, the permission to record, and the queue of events on its way to the API.

const script = document.currentScript || document.querySelector('script[data-baton]');
if (!script || window.baton) return;

const API = script.src.replace(/\/t\.js([?#].*)?$/, '');
const MAX_QUEUED = 100; // the oldest give way: weeks offline must not fill the visitor's storage
// At most 60 KB in UTF-8: browsers refuse keepalive requests and beacons over 64 KB.
const MAX_BATCH_CHARS = 20000;
const MAX_RETRIES = 5; // after that, the next event, page or "online" tries again
const MAX_WAIT_S = 60; // whatever the API asks for: a form's visitor is waiting
const BATCH_DELAY_MS = 250;

// ---- Storage: the browser's, or memory where that is blocked or full

function openStore(area) {
  const memory = {};
  return {
    get(key) {
      try {
        const value = window[area].getItem(key);
        if (value !== null) return value;
      } catch (blocked) { /* look in memory */ }
      return key in memory ? memory[key] : null;
    },
    set(key, value) {
      try {
        window[area].setItem(key, value);
        delete memory[key];
      } catch (blockedOrFull) {
        this.remove(key);
        memory[key] = value;
      }
    },
    remove(key) {
      delete memory[key];
      try { window[area].removeItem(key); } catch (blocked) { /* nothing was stored */ }
    },
  };
}

const local = openStore('localStorage');
const session = openStore('sessionStorage');

// ---- Permission: a browser's privacy signal beats everything, then what the visitor chose

function allowed() {
  if (navigator.globalPrivacyControl) return false;
  if (navigator.doNotTrack === '1' || window.doNotTrack === '1') return false;
  const choice = local.get('baton.consent');
  return choice === 'yes' || (choice !== 'no' && !script.hasAttribute('data-baton-consent'));
}

function consent(given) {
  local.set('baton.consent', given ? 'yes' : 'no');
  if (given) {
    if (!view) page();
  } else {
    view = null;
    ['baton.visitor', 'baton.queue'].forEach(local.remove, local);
    session.remove('baton.campaign');
  }
}

// ---- The visitor

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID(); // exists only on https and localhost
  const bytes = Array.from(crypto.getRandomValues(new Uint8Array(16)));
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function visitorId() {
  if (!allowed()) return null;
  if (!local.get('baton.visitor')) local.set('baton.visitor', newId());
  return local.get('baton.visitor');
}

/** The answer to a form names a new visitor: whoever used this browser before may be another. */
function adopt(answer) {
  if (answer && typeof answer.visitor_id === 'string' && answer.visitor_id && allowed()) {
    local.set('baton.visitor', answer.visitor_id);
  }
}

// ---- The queue lives in storage: what cannot be sent now goes out with the next page. Sending
//      twice is harmless, because the API knows an event by its messageId and timestamp.

let inFlight = [];
let retries = 0;
let timer = 0;
let resumeAt = 0; // until then the API has asked to be left alone, or its last answer says so

function queued() {
  try { return JSON.parse(local.get('baton.queue')) || []; } catch (broken) { return []; }
}

function keep(events) {
  local.set('baton.queue', JSON.stringify(events.slice(-MAX_QUEUED)));
}

function without(events, gone) {
  const ids = gone.map((event) => event.messageId);
  return events.filter((event) => !ids.includes(event.messageId));
}

function nextBatch() {
  let chars = 0;
  return without(queued(), inFlight).filter((event, index) => {
    chars += JSON.stringify(event).length + 50; // 50: its sentAt
    return index === 0 || chars < MAX_BATCH_CHARS;
  });
}

function pack(events) {
  const sentAt = new Date().toISOString();
  return JSON.stringify({
    batch: events.map((event) => ({ ...event, sentAt })),
    sentAt,
    writeKey: script.getAttribute('data-baton-key') || undefined,
  });
}

/** Whether the same request may succeed later: too many of them, or the API is at fault. */
function isBusy(response) {
  return response.status === 429 || response.status >= 500;
}

/** How long to wait: as long as the API asks, else longer after each try; no two alike. */
function backOff(response, tries) {
  const asked = response.headers ? Number(response.headers.get('Retry-After')) : 0;
  return Math.max(2 ** tries, Math.min(asked || 0, MAX_WAIT_S)) * 1000 * (1 + Math.random());
}

function flushIn(delayMs) {
  clearTimeout(timer);
  timer = setTimeout(flush, Math.max(delayMs, resumeAt - Date.now()));
}

function flush() {
  if (inFlight.length || navigator.onLine === false || !allowed()) return;
  const batch = nextBatch();
  if (!batch.length) return;
  inFlight = batch;
  const body = pack(batch); // a string goes out as text/plain, without a preflight request
  const keepalive = body.length < MAX_BATCH_CHARS;
  fetch(API + '/v1/batch', { method: 'POST', body, keepalive, credentials: 'omit' })
    .then((response) => {
      if (isBusy(response)) throw response;
      keep(without(queued(), batch)); // accepted, or refused for good
      retries = 0;
      return response.json().then(adopt, () => {});
    })
    .then(
      () => { inFlight = []; flushIn(0); },
      (response) => {
        inFlight = [];
        resumeAt = Date.now() + backOff(response, retries);
        if (retries++ < MAX_RETRIES) flushIn(0);
        else retries = MAX_RETRIES;
      },
    );
}

/** Give the browser everything that is not on its way: the page may not live to see an answer. */
function handOver() {
  if (navigator.onLine === false || !allowed() || Date.now() < resumeAt) return;
  for (let batch = nextBatch(); batch.length; batch = nextBatch()) {
    if (!navigator.sendBeacon(API + '/v1/batch', pack(batch))) return;
    keep(without(queued(), batch));
  }
}
