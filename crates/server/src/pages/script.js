// Comfort only: every page works without it. Shows a typed password, keeps the section of the account page, sends "Stay signed in"
// with every form of a sign-in, and says that a submit is in progress.
for (const button of document.querySelectorAll('button.reveal')) {
  const input = document.getElementById(button.getAttribute('aria-controls'));
  const hidden = button.textContent;
  const set = (shown) => {
    input.type = shown ? 'text' : 'password';
    button.textContent = shown ? button.dataset.shown : hidden;
    button.setAttribute('aria-pressed', shown);
  };
  button.hidden = false;
  button.addEventListener('click', () => set(input.type === 'password'));
  input.form.addEventListener('submit', () => set(false));
}
// The section of the account page to return to is in the fragment, which the server does not get.
const section = document.querySelector('input[name=section]');
if (section) section.value = location.hash.slice(1);
// "Stay signed in" is on the page once, and is sent with the form of another provider or of a passkey too.
const remember = document.querySelector('input[name=remember]');
for (const form of document.querySelectorAll('.upstreams form, form.passkey')) {
  form.addEventListener('formdata', (event) => {
    if (remember && remember.checked) event.formData.set('remember', 'on');
  });
}
let busy;
document.addEventListener('submit', (event) => {
  if (busy) return event.preventDefault();
  busy = event.submitter;
  if (busy) busy.setAttribute('aria-busy', 'true');
});
addEventListener('pageshow', () => {
  if (busy) busy.removeAttribute('aria-busy');
  busy = undefined;
});
