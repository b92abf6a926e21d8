-- A database with objects of every kind that a mirror can have, and some that it cannot.
SET check_function_bodies = off;
CREATE EXTENSION citext;
CREATE SCHEMA ext;
CREATE EXTENSION hstore WITH SCHEMA ext;
CREATE EXTENSION pg_trgm WITH SCHEMA ext;
CREATE EXTENSION ltree;
CREATE SCHEMA shop;
CREATE SCHEMA "Odd Schema";
COMMENT ON SCHEMA shop IS 'the shop''s \ own';

CREATE COLLATION shop.german (PROVIDER = icu, LOCALE = 'de-DE');
CREATE COLLATION shop.blind (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false);
CREATE TYPE shop.mood AS ENUM ('sad', 'B c', 'q''x', 'b\s');
COMMENT ON TYPE shop.mood IS 'feeling';
CREATE TYPE shop.unused AS ENUM ('never');
CREATE DOMAIN shop.positive AS int DEFAULT 1 CONSTRAINT above_zero CHECK (VALUE > 0) CONSTRAINT small CHECK (VALUE < 1000000);
CREATE DOMAIN shop.short AS varchar(20) COLLATE "C" NOT NULL;
CREATE TYPE shop.address AS (street text COLLATE "C", "House No" int, moods shop.mood[]);
CREATE DOMAIN shop.inhabited AS shop.address CONSTRAINT housed CHECK ((VALUE)."House No" > 0);
COMMENT ON COLUMN shop.address.street IS 'where';
CREATE TYPE shop.person AS (name text, home shop.inhabited);
CREATE TYPE shop.span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE DOMAIN shop.spans AS shop.span[];

CREATE FUNCTION shop.next_code(prefix text) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT prefix || (SELECT count(*) FROM shop.orders) $$;
CREATE FUNCTION shop.squash(t text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT lower(replace(t, ' ', '')) $$;
CREATE FUNCTION shop.is_good(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN t <> ''; END $$;
COMMENT ON FUNCTION shop.squash(text) IS 'no blanks';
CREATE PROCEDURE shop.tidy() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM shop.orders WHERE false; END $$;
CREATE AGGREGATE shop.product(int) (SFUNC = int4mul, STYPE = int, INITCOND = '1');

CREATE SEQUENCE shop.numbers AS smallint INCREMENT BY -5 MINVALUE -1000 MAXVALUE 100 START WITH 100 CACHE 3 CYCLE;
CREATE SEQUENCE shop.codes START WITH 7;
COMMENT ON SEQUENCE shop.codes IS 'codes';

CREATE TABLE shop.customers (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 10) PRIMARY KEY,
  email citext NOT NULL UNIQUE,
  name text COLLATE shop.german NOT NULL DEFAULT 'no ''name''',
  search text GENERATED ALWAYS AS (shop.squash(name)) STORED,
  blind text COLLATE shop.blind,
  mood shop.mood DEFAULT 'B c'::shop.mood,
  moods shop.mood[] DEFAULT '{}'::shop.mood[],
  home shop.address,
  friends shop.person[],
  attributes ext.hstore,
  path ltree,
  active shop.span,
  many shop.spans,
  code text DEFAULT shop.next_code('c'),
  score shop.positive,
  short shop.short DEFAULT 'x',
  balance numeric(12,2) DEFAULT 0.00,
  created timestamptz(3) NOT NULL DEFAULT now(),
  address inet,
  bits bit(8) DEFAULT B'00000000',
  dropped int,
  CONSTRAINT good_name CHECK (shop.is_good(name)),
  CONSTRAINT balanced CHECK (balance > -1000) NOT VALID
);
ALTER TABLE shop.customers DROP COLUMN dropped;
ALTER TABLE shop.customers ADD COLUMN "Late Column" int DEFAULT 5;
COMMENT ON TABLE shop.customers IS 'people';
COMMENT ON COLUMN shop.customers.name IS 'as they call themselves';
COMMENT ON CONSTRAINT good_name ON shop.customers IS 'not empty';

CREATE TABLE shop.orders (
  id serial PRIMARY KEY,
  customer bigint NOT NULL REFERENCES shop.customers ON DELETE CASCADE ON UPDATE RESTRICT,
  parent int CONSTRAINT own_parent REFERENCES shop.orders (id) DEFERRABLE,
  number int DEFAULT nextval('shop.numbers'),
  during tstzrange,
  room int,
  total numeric,
  UNIQUE (number) INCLUDE (total),
  UNIQUE (room, customer) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&) WHERE (room IS NOT NULL),
  CHECK (total >= 0 OR parent IS NOT NULL)
);
ALTER TABLE shop.orders ADD CONSTRAINT late_check FOREIGN KEY (parent) REFERENCES shop.orders (number) NOT VALID;
ALTER SEQUENCE shop.numbers OWNED BY shop.orders.number;
CREATE INDEX orders_total ON shop.orders (total DESC NULLS LAST, customer) WHERE total > 10;
CREATE INDEX orders_expression ON shop.orders ((total * 2), id);
CREATE UNIQUE INDEX orders_room ON shop.orders (room) INCLUDE (number, total) WHERE room > 0;
CREATE INDEX orders_brin ON shop.orders USING brin (id) WITH (pages_per_range = 16);
CREATE INDEX orders_hash ON shop.orders USING hash (customer);
CREATE INDEX customers_trigrams ON shop.customers USING gin (name ext.gin_trgm_ops);
CREATE INDEX customers_squashed ON shop.customers (shop.squash(name) text_pattern_ops);
CREATE INDEX customers_attributes ON shop.customers USING gin (attributes);
CREATE INDEX "Customers Spaced" ON shop.customers ("Late Column");
COMMENT ON INDEX shop.orders_total IS 'big ones';
CREATE STATISTICS shop.order_statistics (ndistinct, dependencies) ON room, customer FROM shop.orders;
COMMENT ON STATISTICS shop.order_statistics IS 'both';

CREATE TABLE "Odd Schema"."My ""Table"" ON ONLY x" ("select" int, "Col; DROP" text, "tab	key" int NOT NULL, PRIMARY KEY ("select", "Col; DROP"));
CREATE INDEX "index ON ONLY me" ON "Odd Schema"."My ""Table"" ON ONLY x" ("tab	key");
COMMENT ON COLUMN "Odd Schema"."My ""Table"" ON ONLY x"."Col; DROP" IS 'odd';

CREATE TABLE no_key (a int, b text);
ALTER TABLE no_key REPLICA IDENTITY FULL;
CREATE TABLE by_index (a int NOT NULL, b text NOT NULL);
CREATE UNIQUE INDEX by_index_a ON by_index (a);
ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_a;
CREATE TABLE silent (id int PRIMARY KEY);
ALTER TABLE silent REPLICA IDENTITY NOTHING;

CREATE TABLE parent (id int PRIMARY KEY, v text NOT NULL);
CREATE TABLE child (extra int) INHERITS (parent);

CREATE TABLE events (id bigint NOT NULL, at date NOT NULL, kind text DEFAULT 'k', PRIMARY KEY (id, at), CHECK (id > 0)) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY HASH (id);
CREATE TABLE events_2025_k PARTITION OF events_2025 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE INDEX events_kind ON events (kind);
CREATE UNIQUE INDEX events_unique ON events (at, id);
CREATE TABLE event_notes (id bigint, at date, note text, FOREIGN KEY (id, at) REFERENCES events);

CREATE FUNCTION shop.near(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT abs($1 - $2) < 3';
CREATE OPERATOR shop.~~~ (FUNCTION = shop.near, LEFTARG = int, RIGHTARG = int, COMMUTATOR = OPERATOR(shop.~~~));
CREATE FUNCTION shop.reversed(text, text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT bttextcmp($2, $1)';
CREATE OPERATOR CLASS shop.backwards FOR TYPE text USING btree AS OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 shop.reversed(text, text);
CREATE INDEX parent_backwards ON parent (v shop.backwards);
CREATE TYPE shop.pair AS (a int, b int);
CREATE FUNCTION shop.pair_of(text) RETURNS shop.pair LANGUAGE sql IMMUTABLE AS 'SELECT 1, length($1)';
CREATE CAST (text AS shop.pair) WITH FUNCTION shop.pair_of(text) AS ASSIGNMENT;
CREATE TEXT SEARCH DICTIONARY shop.plain (TEMPLATE = pg_catalog.simple, accept = false);
CREATE TEXT SEARCH CONFIGURATION shop.words (PARSER = pg_catalog."default");
ALTER TEXT SEARCH CONFIGURATION shop.words ADD MAPPING FOR asciiword, word WITH shop.plain, pg_catalog.english_stem;
CREATE INDEX parent_words ON parent USING gin (to_tsvector('shop.words', v));
CREATE RULE keep AS ON DELETE TO parent DO ALSO NOTIFY parent;
ALTER TABLE parent SET (fillfactor = 70, toast.autovacuum_enabled = false);
ALTER TABLE parent ALTER v SET STORAGE EXTERNAL, ALTER v SET (n_distinct = -0.5), ALTER v SET STATISTICS 50, ALTER v SET COMPRESSION pglz;

CREATE UNLOGGED TABLE cache (id int PRIMARY KEY);
CREATE TABLE secrets (id serial PRIMARY KEY, customer bigint REFERENCES shop.customers);
CREATE TABLE accounts (id int PRIMARY KEY, login text UNIQUE, password text, hint text GENERATED ALWAYS AS (left(password, 1)) STORED, CHECK (length(password) > 3), CHECK (login <> ''));
CREATE INDEX accounts_password ON accounts (password);
CREATE INDEX accounts_login_password ON accounts (login, (password || 'x'));
CREATE TABLE secret_keys (id int PRIMARY KEY, secret int REFERENCES secrets);

CREATE VIEW shop.big_orders WITH (security_barrier = true) AS SELECT o.id, c.name, shop.squash(c.name) AS squashed FROM shop.orders o JOIN shop.customers c ON c.id = o.customer WHERE o.total > 100;
CREATE VIEW shop.a_view_of_views AS SELECT count(*) FROM shop.big_orders;
CREATE VIEW checked AS SELECT * FROM parent WHERE id > 5 WITH CASCADED CHECK OPTION;
CREATE MATERIALIZED VIEW shop.totals AS SELECT customer, sum(total) AS total FROM shop.orders GROUP BY customer;
CREATE UNIQUE INDEX totals_customer ON shop.totals (customer);
CREATE VIEW shop.over_totals AS SELECT * FROM shop.totals;
CREATE VIEW secret_view AS SELECT * FROM secrets;
CREATE VIEW view_of_secret_view AS SELECT * FROM secret_view;
CREATE VIEW passwords AS SELECT id, password FROM accounts;
CREATE VIEW logins AS SELECT id, login FROM accounts;
COMMENT ON VIEW shop.big_orders IS 'big';
CREATE RULE refuse AS ON INSERT TO logins DO INSTEAD NOTHING;
COMMENT ON COLUMN shop.big_orders.squashed IS 'short';
COMMENT ON MATERIALIZED VIEW shop.totals IS 'sums';

CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.created = now(); RETURN NEW; END $$;
CREATE FUNCTION shop.orders_of(c shop.customers) RETURNS SETOF shop.orders LANGUAGE sql STABLE AS $$ SELECT * FROM shop.orders WHERE customer = c.id $$;
CREATE TRIGGER touch BEFORE UPDATE OF name ON shop.customers FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION shop.touch();
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON shop.customers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shop.touch();
COMMENT ON TRIGGER touch ON shop.customers IS 'fresh';
ALTER TABLE shop.customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON shop.customers USING (id > 0);
CREATE PUBLICATION theirs FOR TABLE shop.customers;
