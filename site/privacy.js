/* The switch on the privacy page: stop or resume recording in this browser. */
(function () {
  'use strict';

  if (!window.baton) return; // the tracker is blocked or unreachable, so nothing is recorded

  const box = document.getElementById('choice');
  const state = document.getElementById('choice-state');
  const button = document.getElementById('choice-button');

  function signalled() {
    return navigator.globalPrivacyControl || navigator.doNotTrack === '1';
  }

  function draw() {
    const visitor = window.baton.visitorId();
    state.textContent = visitor
      ? 'Page views and clicks of this browser are recorded under the number ' + visitor + '.'
      : 'Page views and clicks of this browser are not recorded'
        + (signalled() ? ', because it asks not to be tracked.' : '.');
    button.textContent = visitor ? 'Stop recording this browser' : 'Record this browser again';
    button.hidden = Boolean(signalled());
    box.hidden = false;
  }

  button.addEventListener('click', () => {
    window.baton.consent(!window.baton.visitorId());
    draw();
  });
  draw();
})();
