-- 2,400 made-up postings. Nothing is drawn by chance: the same rows at every run. About one in fifty
-- is broken, in the ways in which real ones are.

INSERT INTO ats.company (id, name, name_ar) VALUES
    (1, 'Rimal Contracting', 'رمال للمقاولات'), (2, 'Najm Logistics', 'نجم للخدمات اللوجستية'),
    (3, 'Waha Hospitals', 'مستشفيات واحة'), (4, 'Sadaf Retail', 'صدف للتجزئة'),
    (5, 'Madar Technology', 'مدار للتقنية'), (6, 'Qimam Schools', 'مدارس قمم'),
    (7, 'Bahr Petrochemicals', 'بحر للبتروكيماويات'), (8, 'Diyafa Hotels', 'فنادق ضيافة');

INSERT INTO ats.branch (id, company_id, city)
SELECT c.id * 10 + n, c.id, city
  FROM ats.company AS c,
       unnest(ARRAY['Riyadh', 'جدة', 'الدمام', 'Makkah', 'المدينة المنورة', 'Al Khobar', 'Tabuk',
                    'أبها', 'Jubail', 'الرياض']) WITH ORDINALITY AS t (city, n);
INSERT INTO ats.branch (id, company_id, city) VALUES (99, 1, 'Springfield');

INSERT INTO ats.department (id, name) VALUES
    (1, 'Engineering'), (2, 'Nursing'), (3, 'Sales'), (4, 'Finance'), (5, 'Operations'),
    (6, 'Human Resources');

INSERT INTO ats.pay_scale (id, period, low, high)
SELECT n, 'month', 4000 + n * 750, 5500 + n * 900 FROM generate_series(1, 12) AS n
UNION ALL
SELECT 20 + n, 'year', 60000 + n * 12000, CASE WHEN n % 3 > 0 THEN 84000 + n * 15000 END
  FROM generate_series(1, 8) AS n;

WITH work (n, en, ar) AS (VALUES
    (0, 'Site Engineer', 'مهندس موقع'), (1, 'Registered Nurse', 'ممرض مسجل'),
    (2, 'Sales Executive', 'مسؤول مبيعات'), (3, 'Accountant', 'محاسب'),
    (4, 'Warehouse Supervisor', 'مشرف مستودع'), (5, 'Software Developer', 'مطور برمجيات'),
    (6, 'Mathematics Teacher', 'معلم رياضيات'), (7, 'Process Operator', 'مشغل عمليات'),
    (8, 'Front Office Agent', 'موظف استقبال'), (9, 'Recruitment Specialist', 'أخصائي توظيف')),
contract (n, name) AS (VALUES
    (0, 'دوام كامل'), (1, 'Full-time'), (2, 'FT'), (3, 'دوام جزئي'), (4, 'عقد'),
    (5, 'تدريب تعاوني'))
INSERT INTO ats.posting (id, branch_id, department_id, pay_scale_id, title, title_ar, body_html,
                         contract, state, posted_at)
SELECT i,
       CASE WHEN i % 200 = 17 THEN 99 ELSE (i % 8 + 1) * 10 + i % 10 + 1 END,
       CASE WHEN i % 9 > 0 THEN i % 6 + 1 END,
       CASE WHEN i % 200 = 57 THEN NULL WHEN i % 3 = 0 THEN 20 + i % 8 + 1 ELSE i % 12 + 1 END,
       CASE WHEN i % 200 = 97 THEN 'IT' ELSE work.en || ' (' || i || ')' END,
       CASE WHEN i % 2 = 0 THEN work.ar || ' (' || i || ')' END,
       '<p>We look for a <strong>' || lower(work.en) || '</strong> to join our team.</p>'
           || '<ul><li>' || 3 + i % 7 || ' years of experience</li><li>إجادة اللغة العربية</li></ul>'
           || '<p>Apply by e-mail &amp; attach your CV.</p>',
       CASE WHEN i % 200 = 57 THEN 'FT' WHEN i % 200 = 137 THEN 'as agreed' ELSE contract.name END,
       CASE WHEN i % 25 = 0 THEN 'draft' ELSE 'published' END,
       timestamptz '2026-01-01 08:00+03' + i * interval '11 minutes'
  FROM generate_series(1, 2400) AS i
  JOIN work ON work.n = i % 10
  JOIN contract ON contract.n = i % 6;
