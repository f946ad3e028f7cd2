-- A morning's work in the HR department.
UPDATE ats.posting SET title = title || ' – urgent', title_ar = NULL WHERE id IN (101, 102, 103);
UPDATE ats.posting SET pay_scale_id = 12 WHERE id BETWEEN 201 AND 206;
UPDATE ats.posting SET state = 'closed' WHERE id BETWEEN 301 AND 304;
DELETE FROM ats.posting WHERE id IN (401, 402);
UPDATE ats.posting SET title = 'IT Support Technician' WHERE id = 497;       -- was too short
INSERT INTO ats.posting (id, branch_id, department_id, pay_scale_id, title, title_ar, body_html,
                         contract, posted_at)
SELECT 5000 + n, 21, 5, 8, 'Delivery Driver ' || n, 'سائق توصيل ' || n,
       '<p>We look for a <strong>driver</strong> to join our team.</p>', 'دوام كامل', now()
  FROM generate_series(1, 5) AS n;
