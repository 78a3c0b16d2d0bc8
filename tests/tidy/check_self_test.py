"""The tidy checks refuse what they are there to refuse, and let the rest pass."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
sys.dont_write_bytecode = True

import check_causes
import check_layers
import check_sizes
import check_words
from source_tree import bare


class Layers(unittest.TestCase):
    def test_an_arrow_to_the_right_is_refused(self):
        self.assertIsNotNone(check_layers.own_problem("runtime/base/x.cpp", "sandbox/plan.hpp"))
        self.assertIsNotNone(check_layers.own_problem("gateway/http/x.cpp", "sandbox/plan.hpp"))
        self.assertIsNotNone(check_layers.own_problem("connectors/echo/x.cpp", "runtime/base/log.hpp"))

    def test_an_arrow_to_the_left_passes(self):
        self.assertIsNone(check_layers.own_problem("gateway/http/x.cpp", "runtime/base/log.hpp"))
        self.assertIsNone(check_layers.own_problem("runtime/supervisor/x.cpp", "sandbox/launcher.hpp"))

    def test_a_third_party_stays_behind_its_wall(self):
        self.assertIsNotNone(check_layers.foreign_problem("gateway/http/x.cpp", "sqlite3.h"))
        self.assertIsNone(check_layers.foreign_problem("gateway/store/store.cpp", "sqlite3.h"))
        self.assertIsNotNone(check_layers.foreign_problem("sandbox/jail/main.cpp", "nlohmann/json.hpp"))


class Sizes(unittest.TestCase):
    def lengths(self, text):
        code = bare(text)
        return [code.count("\n", opened, closed) + 1 for opened, closed in check_sizes.functions(code)]

    def test_a_function_is_measured_whole_and_a_namespace_is_none(self):
        text = "namespace a {\nclass B {\n  void f();\n};\nint g(int x) {\n  if (x) {\n    return 1;\n  }\n  return 2;\n}\n}\n"
        self.assertEqual(self.lengths(text), [6])

    def test_braces_in_literals_and_comments_do_not_count(self):
        self.assertEqual(self.lengths('void f() {\n  puts("}{"); // }\n  c = \'}\';\n}\n'), [4])


class Words(unittest.TestCase):
    def problems(self, text):
        return list(check_words.await_problems("x.cpp", bare(text)))

    def test_braces_and_lambdas_in_an_awaited_expression_are_refused(self):
        self.assertEqual(len(self.problems("auto x = co_await f({1, 2});")), 1)
        self.assertEqual(len(self.problems("co_await f([&] { return 1; });")), 1)
        self.assertEqual(len(self.problems("co_await g(\n    Options{.a = 1});")), 1)

    def test_a_named_object_passes(self):
        self.assertEqual(self.problems("co_await f(std::move(x));\n{ y(); }"), [])
        self.assertEqual(self.problems("if (co_await f(x)) {\n}"), [])


class Causes(unittest.TestCase):
    TABLE = ("runtime/base/cause_table_x.cpp", '{"GH-P301", "exited"},\n')

    def problems(self, *sources):
        return list(check_causes.check(sources))

    def test_a_code_without_an_entry_and_an_entry_without_a_use_are_refused(self):
        self.assertEqual(len(self.problems(("gateway/x.cpp", '"GH-P301 GH-P302"'), self.TABLE)), 1)
        self.assertEqual(len(self.problems(self.TABLE)), 1)
        self.assertEqual(len(self.problems(("tests/x.cpp", '"GH-P301"'), self.TABLE)), 1)

    def test_a_second_entry_is_refused(self):
        self.assertEqual(len(self.problems(("sandbox/x.cpp", '"GH-P301"'), self.TABLE, self.TABLE)), 1)

    def test_a_code_with_its_entry_passes(self):
        self.assertEqual(self.problems(("runtime/x.cpp", '"GH-P301"'), self.TABLE), [])


if __name__ == "__main__":
    unittest.main()
