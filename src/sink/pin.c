/*
 * A certificate that is known by its fingerprint: it is trusted as if it were
 * in the system's store, whether it is an authority's or the server's own.
 */
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/num.h"
#include "sink/http.h"

bool pin_read(const char *text, unsigned char digest[32])
{
	for (int i = 0; i < 32; i++) {
		unsigned high = num_digit(text[0]);
		unsigned low = high < 16 ? num_digit(text[1]) : NUM_NO_DIGIT;

		if (low > 15)
			return false;
		digest[i] = (unsigned char)(high << 4 | low);
		text += 2;
		if (*text == ':' && i < 31)
			text++;
	}
	return !*text;
}

static X509 *find(STACK_OF(X509) * chain, const unsigned char digest[32])
{
	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *each = sk_X509_value(chain, i);
		unsigned char got[EVP_MAX_MD_SIZE];
		unsigned length = 0;

		if (X509_digest(each, EVP_sha256(), got, &length) == 1 &&
		    length == 32 && memcmp(got, digest, 32) == 0)
			return each;
	}
	return NULL;
}

/*
 * Called in place of the usual verification. With the pinned certificate for an
 * anchor the usual one does the rest: signatures, dates, purposes.
 */
static int verify(X509_STORE_CTX *context, void *digest)
{
	X509 *pinned = find(X509_STORE_CTX_get0_untrusted(context), digest);
	X509_STORE *store = X509_STORE_CTX_get0_store(context);

	if (!pinned) {
		X509_STORE_CTX_set_error(context, X509_V_ERR_CERT_UNTRUSTED);
		return 0;
	}
	if (X509_STORE_add_cert(store, pinned) != 1)
		return 0;
	X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context),
				    X509_V_FLAG_PARTIAL_CHAIN);
	return X509_verify_cert(context);
}

int pin_trust(void *ssl_context, const unsigned char digest[32])
{
	SSL_CTX_set_cert_verify_callback(ssl_context, verify,
					 (void *)(uintptr_t)digest);
	return 1;
}
