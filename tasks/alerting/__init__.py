"""From findings to mails: the digest, the outbox, the sending."""
