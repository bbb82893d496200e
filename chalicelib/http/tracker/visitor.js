// Baton's tracker: docs/reference/tracker.md has its attributes and window.baton. The three files
// of this folder are served as the body of one function, in this order: visitor.js (storage, the
// visitor, the queue of events on its way to the API), consent.js (whether anything may be
// recorded), recording.js (what is recorded, and the start).

const script = document.currentScript || document.querySelector('script[data-baton]');
if (!script || window.baton) return;

const API = script.src.replace(/\/t\.js([?#].*)?$/, '');
// The oldest give way: weeks offline must not fill the visitor's storage.
const MAX_QUEUED = 100;
// At most 60 KB in UTF-8: browsers refuse keepalive requests and beacons over 64 KB.
const MAX_BATCH_CHARS = 20000;
// After that, the next event, page or "online" tries again.
const MAX_RETRIES = 5;
// Whatever the API asks for: a form's visitor is waiting.
const MAX_WAIT_S = 60;
// An event waits for others, so that most requests carry several; with so many it leaves at once.
const BATCH_DELAY_MS = 15000;
const BATCH_FULL = 20;
// A visible minute may wait for the next one.
const MINUTE_MS = 60000;

// ---- Storage: the browser's, or memory where that is blocked or full

function openStore(area) {
  const memory = {};
  return {
    get(key) {
      try {
        const value = window[area].getItem(key);
        if (value !== null) return value;
      } catch { /* look in memory */ }
      return memory[key] ?? null;
    },
    set(key, value) {
      try {
        window[area].setItem(key, value);
        delete memory[key];
      } catch {
        this.remove(key);
        memory[key] = value;
      }
    },
    remove(key) {
      delete memory[key];
      try { window[area].removeItem(key); } catch { /* nothing was stored */ }
    },
  };
}

const local = openStore('localStorage');
const session = openStore('sessionStorage');

// ---- The visitor

/** 128 random bits. Not by crypto.randomUUID, which exists only on https and localhost. */
function newId() {
  const words = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(words, (word) => word.toString(36).padStart(7, '0')).join('');
}

function visitorId() {
  if (!allowed()) return null;
  const id = local.get('baton.visitor') || newId();
  local.set('baton.visitor', id);
  return id;
}

/** The answer to a form names a new visitor: whoever used this browser before may be another. */
function adopt(answer) {
  if (answer?.visitor_id && allowed()) local.set('baton.visitor', String(answer.visitor_id));
}

// ---- The queue lives in storage: what cannot be sent now goes out with the next page. Sending
//      twice is harmless, because the API knows an event by its messageId and timestamp.

let inFlight = [];
let retries = 0;
let timer = 0;
let dueAt = 0;
// Until then the API has asked to be left alone, or its last answer says so.
let resumeAt = 0;
// Until then a link of the same site is being followed.
let stayingUntil = 0;

function queued() {
  try { return JSON.parse(local.get('baton.queue')) || []; } catch { return []; }
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
    // 50: its sentAt.
    chars += JSON.stringify(event).length + 50;
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
  const asked = Number(response.headers?.get('Retry-After'));
  return Math.max(2 ** tries, Math.min(asked || 0, MAX_WAIT_S)) * 1000 * (1 + Math.random());
}

/** Flush by then at the latest, and not before the API may be asked again. */
function flushIn(delayMs) {
  const at = Math.max(Date.now() + delayMs, resumeAt);
  if (timer && dueAt <= at && dueAt >= resumeAt) return;
  clearTimeout(timer);
  dueAt = at;
  timer = setTimeout(flush, at - Date.now());
}

function flushSoon(delayMs) {
  flushIn(queued().length < BATCH_FULL ? delayMs : 0);
}

function flush() {
  timer = 0;
  if (inFlight.length || !allowed()) return;
  const batch = nextBatch();
  if (!batch.length) return;
  inFlight = batch;
  // A string goes out as text/plain, without a preflight request.
  const body = pack(batch);
  const keepalive = body.length < MAX_BATCH_CHARS;
  fetch(API + '/v1/batch', { method: 'POST', body, keepalive, credentials: 'omit' })
    .then((response) => {
      if (isBusy(response)) throw response;
      // Accepted, or refused for good.
      keep(without(queued(), batch));
      retries = 0;
      return response.json().then(adopt, () => {});
    })
    .then(
      () => { inFlight = []; if (queued()[0]) flushSoon(BATCH_DELAY_MS); },
      (response) => {
        inFlight = [];
        resumeAt = Date.now() + backOff(response, retries);
        if (retries++ < MAX_RETRIES) flushIn(0);
        else retries = MAX_RETRIES;
      },
    );
}

/**
 * Give the browser everything that is not on its way: the page may not live to see an answer. Who
 * follows a link of the same site brings it to the next page instead, where it goes with the rest.
 */
function handOver() {
  if (navigator.onLine === false || !allowed()) return;
  if (Date.now() < Math.max(resumeAt, stayingUntil)) return;
  for (let batch = nextBatch(); batch.length; batch = nextBatch()) {
    if (!navigator.sendBeacon(API + '/v1/batch', pack(batch))) return;
    keep(without(queued(), batch));
  }
}
