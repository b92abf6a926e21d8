-- About 138,000 rows, the same every time: what looks random is arithmetic on the row number.
BEGIN;

INSERT INTO settings VALUES
  ('shop.name', '"Corner Shop"'), ('shop.currency', '"EUR"'), ('shipping', '{"free_above_cents": 5000, "flat_cents": 490}');

INSERT INTO categories
  WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 60)
  SELECT i, CASE WHEN i > 10 THEN 1 + i % 10 END, 'Category ' || i FROM n;

INSERT INTO warehouses VALUES (1, 'Hamburg'), (2, 'Lyon'), (3, 'Göteborg');

INSERT INTO products
  WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
  SELECT i, 1 + i * 7 % 60, printf('SKU-%06d', i * 37),
         'Product ' || i || CASE i % 5 WHEN 0 THEN ' “deluxe”' WHEN 1 THEN ' naïve' ELSE '' END,
         CASE WHEN i % 4 THEN printf('A thing of %d parts. ', i % 30) || substr('Lorem ipsum dolor sit amet, consectetur adipiscing elit. ', 1, i % 58) END,
         99 + i * 7919 % 90000, CASE WHEN i % 3 THEN (i * 31 % 5000) / 250.0 END, CASE i % 4 WHEN 0 THEN 7 WHEN 1 THEN 5.5 ELSE 19 END,
         i % 11 > 0, CASE WHEN i % 2 THEN zeroblob(i % 200) END,
         datetime('2023-01-01', '+' || (i * 13 % 20000) || ' minutes')
  FROM n;

INSERT INTO stock SELECT w.id, p.id, (p.id * 17 + w.id * 5) % 400 FROM warehouses w, products p;

INSERT INTO customers
  WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
  SELECT i, 'customer' || i || '@example.org', CASE i % 6 WHEN 0 THEN 'Zoë ' WHEN 1 THEN 'José ' WHEN 2 THEN '明 ' ELSE 'Sam ' END || i,
         printf('$argon2id$%016x%016x', i * 2654435761, i * 40503), i % 3 = 0, datetime('2022-06-01', '+' || (i * 97 % 900000) || ' minutes')
  FROM n;

INSERT INTO addresses
  WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 14000)
  SELECT i, 1 + i * 13 % 12000, i % 180 || ' Long Street', CASE i % 4 WHEN 0 THEN 'Berlin' WHEN 1 THEN 'Paris' WHEN 2 THEN 'Malmö' ELSE 'Graz' END,
         substr('DEFRSEAT', 1 + i % 4 * 2, 2), 45 + (i * 331 % 10000) / 1000.0, (i * 577 % 20000) / 1000.0
  FROM n;

INSERT INTO coupons
  WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 200)
  SELECT printf('SAVE%03d', i), 5 + i % 6 * 5, CASE WHEN i % 3 THEN date('2027-01-01', '+' || i || ' days') END FROM n;

INSERT INTO orders (id, customer_id, address_id, coupon_code, status, placed_at, shipped_at)
  WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 22000)
  SELECT i, 1 + i * 101 % 12000, CASE WHEN i % 9 THEN 1 + i * 29 % 14000 END, CASE WHEN i % 20 = 0 THEN printf('SAVE%03d', 1 + i % 200) END,
         CASE WHEN i < 21500 THEN 'done' WHEN i % 2 THEN 'paid' ELSE 'new' END,
         datetime('2024-01-01', '+' || (i * 40) || ' minutes'), CASE WHEN i < 21500 THEN datetime('2024-01-03', '+' || (i * 40) || ' minutes') END
  FROM n;

INSERT INTO order_lines
  WITH k (line) AS (VALUES (1), (2), (3))
  SELECT o.id, line, 1 + (o.id * 53 + line * 811) % 2500, 1 + (o.id + line) % 4, 0 FROM orders o, k WHERE line <= 1 + o.id % 3;
UPDATE order_lines SET price_cents = (SELECT price_cents FROM products p WHERE p.id = product_id);
UPDATE orders SET total_cents = (SELECT sum(quantity * price_cents) FROM order_lines l WHERE l.order_id = orders.id);

INSERT INTO payments
  SELECT id, id, CASE id % 3 WHEN 0 THEN 'card' WHEN 1 THEN 'transfer' ELSE 'paypal' END, total_cents, datetime(placed_at, '+10 minutes')
  FROM orders WHERE status <> 'new';

INSERT INTO reviews
  WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 8000)
  SELECT i, 1 + i * 19 % 2500, 1 + i * 43 % 12000, 1 + i % 5, CASE WHEN i % 3 THEN 'Works as told. ' || CASE i % 4 WHEN 0 THEN '👍' ELSE '' END END,
         datetime('2024-03-01', '+' || (i * 100) || ' minutes')
  FROM n;

INSERT INTO audit_log
  SELECT placed_at, 'customer' || customer_id, 'order.placed', json_object('order', id, 'total', total_cents) FROM orders WHERE id % 4 = 0;

INSERT INTO sessions SELECT printf('%032x', id * 2654435761), id, 1800000000 + id FROM customers WHERE id % 20 = 0;

COMMIT;
ANALYZE;
