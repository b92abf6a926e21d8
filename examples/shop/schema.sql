-- The store of a small web shop, as applications have them: foreign keys, indexes, defaults, a table without a key.
PRAGMA journal_mode = WAL;
PRAGMA foreign_keys = ON;

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value JSON NOT NULL
) WITHOUT ROWID;

CREATE TABLE categories (
  id INTEGER PRIMARY KEY,
  parent_id INTEGER REFERENCES categories (id),
  name TEXT NOT NULL UNIQUE
);

CREATE TABLE products (
  id INTEGER PRIMARY KEY,
  category_id INTEGER NOT NULL REFERENCES categories (id),
  sku TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  description TEXT,
  price_cents INTEGER NOT NULL,
  weight_kg REAL,
  tax_rate DECIMAL(5, 2) NOT NULL DEFAULT 19,
  active BOOLEAN NOT NULL DEFAULT 1,
  thumbnail BLOB,
  created_at DATETIME NOT NULL
);
CREATE INDEX products_by_category ON products (category_id, active);

CREATE TABLE warehouses (
  id INTEGER PRIMARY KEY,
  city VARCHAR(80) NOT NULL
);

CREATE TABLE stock (
  warehouse_id INTEGER NOT NULL REFERENCES warehouses (id),
  product_id INTEGER NOT NULL REFERENCES products (id),
  quantity INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (warehouse_id, product_id)
) WITHOUT ROWID;

CREATE TABLE customers (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  password_digest TEXT NOT NULL,
  newsletter BOOLEAN NOT NULL DEFAULT 0,
  created_at DATETIME NOT NULL
);

CREATE TABLE addresses (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  street TEXT NOT NULL,
  city TEXT NOT NULL,
  country CHAR(2) NOT NULL,
  latitude REAL,
  longitude REAL
);
CREATE INDEX addresses_by_customer ON addresses (customer_id);

CREATE TABLE coupons (
  code TEXT PRIMARY KEY,
  percent INTEGER NOT NULL,
  valid_until DATE
);

CREATE TABLE orders (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  address_id INTEGER REFERENCES addresses (id),
  coupon_code TEXT REFERENCES coupons (code),
  status TEXT NOT NULL DEFAULT 'new',
  total_cents INTEGER NOT NULL DEFAULT 0,
  placed_at DATETIME NOT NULL,
  shipped_at DATETIME
);
CREATE INDEX orders_by_customer ON orders (customer_id, placed_at);
CREATE INDEX orders_open ON orders (status) WHERE status <> 'done';

CREATE TABLE order_lines (
  order_id INTEGER NOT NULL REFERENCES orders (id),
  line INTEGER NOT NULL,
  product_id INTEGER NOT NULL REFERENCES products (id),
  quantity INTEGER NOT NULL,
  price_cents INTEGER NOT NULL,
  PRIMARY KEY (order_id, line)
);

CREATE TABLE payments (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders (id),
  method TEXT NOT NULL,
  amount_cents INTEGER NOT NULL,
  paid_at DATETIME NOT NULL
);
CREATE INDEX payments_by_order ON payments (order_id);

CREATE TABLE reviews (
  id INTEGER PRIMARY KEY,
  product_id INTEGER NOT NULL REFERENCES products (id),
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  stars INTEGER NOT NULL,
  body TEXT,
  created_at DATETIME NOT NULL
);
CREATE INDEX reviews_by_product ON reviews (product_id);

-- No key at all, as logs often are.
CREATE TABLE audit_log (
  at DATETIME NOT NULL,
  actor TEXT,
  event TEXT NOT NULL,
  detail JSON
);

-- Secrets of the application, which a mirror should leave out.
CREATE TABLE sessions (
  token TEXT PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
