// Redirect URIs that no server answers.

export const NATIVE_REDIRECT = 'com.example.app:/callback';
/** An address that is never opened, for pages that show the host. */
export const FAR_REDIRECT = 'https://orders.example.com/callback';
