// Passkeys (WebAuthn): gives the options of a form to the browser, and the browser's answer to the form.
{
  const form = document.querySelector('form.passkey');
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
  const text = (buffer) => {
    const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
    return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  };
  const ids = (list) => list?.map((one) => ({ ...one, id: bytes(one.id) }));
  // WebAuthn §5.1.8 and §5.1.9, for browsers without parseCreationOptionsFromJSON.
  const publicKey = () => {
    const options = JSON.parse(form.dataset.options);
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    options.allowCredentials = ids(options.allowCredentials);
    options.excludeCredentials = ids(options.excludeCredentials);
    return options;
  };
  const answer = ({ id, rawId, type, response }) => {
    const names = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'];
    const parts = names.filter((name) => response[name]).map((name) => [name, text(response[name])]);
    return JSON.stringify({ id, rawId: text(rawId), type, response: Object.fromEntries(parts) });
  };
  const ask = async (more) => {
    const kind = form.dataset.create === undefined ? 'get' : 'create';
    form.elements.credential.value = answer(await navigator.credentials[kind]({ publicKey: publicKey(), ...more }));
    form.submit();
  };
  let waiting;
  // Offers the passkeys in the list of the field for the user name, until the button is used.
  const wait = async () => {
    if (form.dataset.conditional === undefined || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    waiting = new AbortController();
    ask({ mediation: 'conditional', signal: waiting.signal }).catch(() => {});
  };
  if (form && window.PublicKeyCredential) {
    const problem = form.querySelector('.error');
    form.hidden = false;
    document.querySelector('.passkey-missing')?.remove();
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      event.stopPropagation();
      waiting?.abort();
      problem.hidden = true;
      ask({}).catch(() => {
        problem.hidden = false;
      });
    });
    wait();
  }
}
