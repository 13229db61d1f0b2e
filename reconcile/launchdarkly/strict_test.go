package launchdarkly

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
)

func TestParse(t *testing.T) {
	tests := []struct{ text, err string }{
		{`{}`, ""},
		{`[]`, ""},
		{` null `, ""},
		{`"a"`, ""},
		{`-1.5e300`, ""},
		{`1e99999`, ""}, // text until somebody wants a number
		{`{"a":[1,true,{"b":null}],"c":""}`, ""},
		{`{"a":1,"A":2}`, ""},
		{`"\ud83d\ude00"`, ""},
		{`"\\ud800"`, ""},
		{`"\\\\ud800"`, ""},
		{`"\uD7FF\uE000"`, ""},
		{strings.Repeat("[", 64) + strings.Repeat("]", 64), ""},
		{strings.Repeat("[", 65) + strings.Repeat("]", 65), ""},
		{strings.Repeat("[", 66) + strings.Repeat("]", 66), "nested deeper than 64 levels"},
		{``, "unexpected end of JSON"},
		{` `, "unexpected end of JSON"},
		{`{"a":`, "unexpected end of JSON"},
		{`"a`, "unexpected end of JSON"},
		{`tru`, "unexpected end of JSON"},
		{`-`, "unexpected end of JSON"},
		{`{"a":1}}`, "after top-level value"},
		{`1 2`, "after top-level value"},
		{`[1,]`, "invalid character"},
		{`{"a" 1}`, "invalid character"},
		{`{'a':1}`, "invalid character"},
		{`[1}`, "invalid character"},
		{`NaN`, "invalid character"},
		{`01`, "after top-level value"},
		{"\"a\nb\"", "invalid character"},
		{"\ufeff{}", "invalid character"},
		{`// x`, "invalid character"},
		{`{"a":1,"a":2}`, `the key "a" stands twice in one object`},
		{`[{"x":{"b":1,"c":2,"b":1}}]`, `the key "b" stands twice in one object`},
		{`{"":1,"a":2,"":3}`, `the key "" stands twice in one object`},
		{manyFields(16, "f3"), `the key "f3" stands twice in one object`},
		{manyFields(17, "f3"), `the key "f3" stands twice in one object`},
		{manyFields(5000, "f4999"), `the key "f4999" stands twice in one object`},
		{manyFields(5000, "none"), ""},
		{`{"a":1,"\u0061":2}`, `the key "a" stands twice in one object`},
		{`"` + "\xff" + `"`, "not UTF-8"},
		{`"` + "\xed\xa0\x80" + `"`, "not UTF-8"},
		{`"\ud800"`, "half a surrogate pair at byte 2"},
		{`"ab\udc00"`, "half a surrogate pair at byte 4"},
		{`"\ud800\u0041"`, "half a surrogate pair at byte 2"},
		{`"\ud800\\udc00"`, "half a surrogate pair at byte 2"},
		{`"\\\ud800"`, "half a surrogate pair at byte 4"},
		{`"\ud83d\ude00\ude00"`, "half a surrogate pair at byte 14"},
		{`"\ud800`, "unexpected end of JSON"},
	}
	for _, test := range tests {
		v, err := parse([]byte(test.text))
		check(t, err, test.err)
		if err == nil && string(v.raw) != strings.TrimSpace(test.text) {
			t.Errorf("%q: raw is %q", test.text, v.raw)
		}
	}
	t.Logf("%d texts", len(tests))
}

// manyFields is an object of n fields and one more.
func manyFields(n int, more string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"f%d":0,`, i)
	}
	return "{" + b.String() + `"` + more + `":1}`
}

func TestRawParts(t *testing.T) {
	v, err := parse([]byte("{ \"a\" :\t[ 1 , {\"b\" : \"x,:\"} ] ,\r\n \"c\":-2 }"))
	if err != nil {
		t.Fatal(err)
	}
	if s := string(fieldOf(v, "a").raw); s != `[ 1 , {"b" : "x,:"} ]` {
		t.Errorf("a is %q", s)
	}
	if s := string(fieldOf(fieldOf(v, "a").parts[1].value, "b").raw); s != `"x,:"` {
		t.Errorf("b is %q", s)
	}
	if s := string(fieldOf(v, "c").raw); s != `-2` {
		t.Errorf("c is %q", s)
	}
	if s := string(v.canonical()); s != `{"a":[1,{"b":"x,:"}],"c":-2}` {
		t.Errorf("canonical is %s", s)
	}
	if s := string(value{raw: []byte("{")}.canonical()); s != "{" {
		t.Errorf("what is no JSON becomes %s", s)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,"x",null]}`, `[{"a":1,"a":2}]`, `"\ud83d\ude00"`, `"\ud800"`, `{"a":`, "\xff", `[[[]]]`, ` 1 `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzing.Timed(t)()
		v, err := parse(data)
		if !json.Valid(data) {
			if err == nil {
				t.Fatalf("%q is not JSON and was taken", data)
			}
			return
		}
		if err != nil {
			return
		}
		var want any
		if json.Unmarshal(data, &want) != nil {
			return // a number out of range
		}
		got, _ := json.Marshal(plain(v))
		again, _ := json.Marshal(want)
		if string(got) != string(again) {
			t.Fatalf("%q was read as %s and is %s", data, got, again)
		}
		if !json.Valid(v.raw) || !json.Valid(v.canonical()) {
			t.Fatalf("%q: raw %q", data, v.raw)
		}
	})
}

// fieldOf returns a field that has to be there.
func fieldOf(v value, name string) value {
	field, ok := v.field(name)
	if !ok {
		panic("there is no " + name)
	}
	return field
}

// plain turns v into what encoding/json would give.
func plain(v value) any {
	if s, ok := v.text(); ok {
		return s
	}
	switch v.kind() {
	case "an object":
		m := map[string]any{}
		for _, f := range v.parts {
			m[string(f.name)] = plain(f.value)
		}
		return m
	case "an array":
		list := []any{}
		for _, item := range v.parts {
			list = append(list, plain(item.value))
		}
		return list
	case "true or false":
		return string(v.raw) == "true"
	case "a number":
		f, _ := json.Number(v.raw).Float64()
		return f
	}
	return nil
}
