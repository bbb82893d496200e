/* The tour: builds the removal list and the record from the answers. Nothing leaves the page. */
(function () {
  'use strict';

  const slips = Array.from(document.querySelectorAll('.slips fieldset'));
  const progress = document.getElementById('progress');
  const intro = document.getElementById('result-intro');
  const chores = document.getElementById('chores');
  const record = document.getElementById('record');
  const WORDS = { keep: 'keep', remove: 'remove', ask: 'not sure' };
  const lines = [];

  function answerOf(slip) {
    const chosen = slip.querySelector('input:checked');
    return chosen ? chosen.value : null;
  }

  function choreOf(slip) {
    const item = document.createElement('li');
    const detail = document.createElement('small');
    const remove = answerOf(slip) === 'remove';
    item.textContent = (remove ? 'Remove ' : 'Ask about ') + slip.dataset.key;
    detail.textContent = remove
      ? 'Task for ' + slip.dataset.team + ', due in 7 days. '
        + 'Closes when the account is gone from the list.'
      : 'The question goes to the holder, or to ' + slip.dataset.team + ' if there is none.';
    item.append(detail);
    return item;
  }

  function draw() {
    const answered = slips.filter(answerOf);
    const open = answered.filter((slip) => answerOf(slip) !== 'keep');
    progress.textContent = answered.length + ' of ' + slips.length + ' answered';
    intro.textContent = answered.length < slips.length
      ? 'It builds up while you answer.'
      : 'All answered. Each answer is in the record, also those that you changed.';
    chores.replaceChildren(...open.map(choreOf));
    if (!open.length) {
      chores.append(Object.assign(document.createElement('li'), { textContent: 'Nothing yet.' }));
    }
    record.textContent = lines.join('\n') || 'Nothing yet.';
  }

  document.addEventListener('change', (event) => {
    const slip = event.target.closest('.slips fieldset');
    if (!slip) return;
    const time = new Date().toTimeString().slice(0, 5);
    lines.push(time + ' you: ' + slip.dataset.key + ', ' + WORDS[answerOf(slip)]);
    draw();
  });

  record.style.whiteSpace = 'pre-line';
  draw();
})();
