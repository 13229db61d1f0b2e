package layout

import (
	"strings"
	"testing"
)

// The proof must see every kind of loss, so each is put before it here.
func TestProveSeesLosses(t *testing.T) {
	const src = "kind: Role # why\nkey: &a k\nother: *a\nlist: [a, 1, null]\nmap: {a: b}\n"
	for name, c := range map[string]struct{ out, want string }{
		"value":           {"kind: Roll # why\nkey: &a k\nother: *a\nlist: [a, 1, null]\nmap: {a: b}\n", "line 1, column 7: this value"},
		"type":            {"kind: Role # why\nkey: &a k\nother: *a\nlist: [a, \"1\", null]\nmap: {a: b}\n", "line 4, column 11: this value"},
		"null":            {"kind: Role # why\nkey: &a k\nother: *a\nlist: [a, 1, x]\nmap: {a: b}\n", "line 4, column 14: this value"},
		"element":         {"kind: Role # why\nkey: &a k\nother: *a\nlist: [a, 1]\nmap: {a: b}\n", "line 4, column 7: this value"},
		"order in a list": {"kind: Role # why\nkey: &a k\nother: *a\nlist: [1, a, null]\nmap: {a: b}\n", "line 4, column 8: this value"},
		"key":             {"kind: Role # why\nkey: &a k\nother: *a\nlist: [a, 1, null]\nmap: {c: b}\n", "line 5, column 7: this value"},
		"type of a key":   {"\"kind\": Role # why\nkey: &a k\nother: *a\nlist: [a, 1, null]\nmap: {&a a: b}\n", "line 5, column 7: this value"},
		"anchor":          {"kind: Role # why\nkey: &b k\nother: *b\nlist: [a, 1, null]\nmap: {a: b}\n", "line 2, column 6: this value"},
		"alias":           {"kind: Role # why\nkey: &a k\nother: k\nlist: [a, 1, null]\nmap: {a: b}\n", "line 3, column 8: this value"},
		"other alias":     {"kind: Role # why\nkey: &a k\nmap: {a: &z b}\nother: *z\nlist: [a, 1, null]\n", "column 8: this value"},
		"document":        {src + "---\nkind: Role\n", "2 documents, not 1"},
		"comment":         {"kind: Role\nkey: &a k\nother: *a\nlist: [a, 1, null]\nmap: {a: b}\n", "1 before, 0 after"},
		"comment's words": {"kind: Role # who\nkey: &a k\nother: *a\nlist: [a, 1, null]\nmap: {a: b}\n", "comments would be lost or changed"},
		"not YAML":        {"kind: [", "does not read back"},
	} {
		t.Run(name, func(t *testing.T) {
			before, err := parse([]byte(src))
			if err != nil {
				t.Fatal(err)
			}
			if err := prove(before, []byte(c.out)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestProveTakesOrderOfKeys(t *testing.T) {
	before, err := parse([]byte("b: 1 # x\na: ~\nb: 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := prove(before, []byte("a: null\nb: 1\n# x\nb: 2\n")); err != nil {
		t.Error(err)
	}
	if err := prove(before, []byte("a: null\nb: 2\n# x\nb: 1\n")); err == nil {
		t.Error("a key given twice may not change the order of its values")
	}
}

// A comment that only yaml.v3 saw is a loss too.
func TestProveAsksTheParser(t *testing.T) {
	before, err := parse([]byte("a: 1 # seen\n"))
	if err != nil {
		t.Fatal(err)
	}
	before.docs[0].Content[0].Content[1].FootComment = "# seen\n# unseen"
	err = prove(before, []byte("a: 1 # seen\n"))
	if err == nil || !strings.Contains(err.Error(), `the comment "# unseen" would be lost`) {
		t.Errorf("got %v", err)
	}
}
