-- Hashes only: of passwords argon2id in the PHC form, of sessions and tokens (256 random bits each) SHA-256 in hexadecimal digits.

CREATE TABLE users (
    id {uuid} NOT NULL CONSTRAINT pk_users PRIMARY KEY,
    name {key} NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_role CHECK (role IN ('admin', 'reader'))
);

CREATE TABLE sessions (
    id {uuid} NOT NULL CONSTRAINT pk_sessions PRIMARY KEY,
    user_id {uuid} NOT NULL,
    token_hash {key} NOT NULL,
    created_at {time} NOT NULL,
    last_seen_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    CONSTRAINT uq_sessions_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_sessions_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);

CREATE TABLE api_tokens (
    id {uuid} NOT NULL CONSTRAINT pk_api_tokens PRIMARY KEY,
    user_id {uuid},
    name {key} NOT NULL,
    prefix {key} NOT NULL,
    token_hash {key} NOT NULL,
    scope TEXT NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time},
    last_used_at {time},
    CONSTRAINT uq_api_tokens_name UNIQUE (name),
    CONSTRAINT uq_api_tokens_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_api_tokens_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT ck_api_tokens_scope CHECK (scope IN ('read', 'write', 'admin'))
);
CREATE INDEX ix_api_tokens_user_id ON api_tokens (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX ix_api_tokens_prefix ON api_tokens (prefix);
