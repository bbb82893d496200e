/* Says in words, beside the field, what is missing. Without this file the browser's own messages
   appear. */
(function () {
  'use strict';

  function show(field, message) {
    const place = document.getElementById(field.id + '-error');
    if (!place) return;
    place.textContent = message;
    place.hidden = !message;
    if (message) field.setAttribute('aria-invalid', 'true');
    else field.removeAttribute('aria-invalid');
  }

  // "invalid" does not bubble, so it is caught on the way down.
  document.addEventListener('invalid', (event) => {
    const field = event.target;
    event.preventDefault();
    show(field, field.dataset.error || field.validationMessage);
    if (field === field.form.querySelector(':invalid:not(fieldset)')) field.focus();
  }, true);

  document.addEventListener('input', (event) => {
    const field = event.target;
    if (field.hasAttribute('aria-invalid') && field.validity.valid) show(field, '');
  });
})();
