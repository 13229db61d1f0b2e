// Package schema holds the JSON Schemas of rolewright's files and checks values against them. The
// same schemas are given to editors, so what an editor underlines and what rolewright refuses
// agree, and an editor's hover explains LaunchDarkly's words.
//
// Invariant: one mistake is one [Violation], at the key or the value that is wrong and not at its
// parent. The schemas are draft-07 (what editors support), embedded, and compiled once; a
// reference never leaves them.
//
// The package must not read files or fetch anything, and it knows no positions: package manifest
// finds the place in the file that a pointer means. It imports nothing of ours.
package schema

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

//go:embed *.schema.json
var files embed.FS

// names lists the schemas; each lies in the file "<name>.schema.json".
var names = []string{"config", "plan", "role"}

// parts are, for each schema, what one kind of document is checked against and where it stands. An editor
// picks the part by the document's kind; here the kind is known, and its part alone gives better messages.
var parts = map[string]map[string]string{
	"config": {"config": ""},
	"plan":   {"plan": ""},
	"role": {
		"role": "/definitions/role", "team": "/definitions/team", "member": "/definitions/member",
		"accessTest": "/definitions/accessTest",
	},
}

// Names returns the names of the schemas, sorted: "config" (rolewright.yaml), "plan" (a saved
// plan) and "role" (a document of any kind: Role, Team, Member or AccessTest).
func Names() []string { return slices.Clone(names) }

// File returns the name of the file that a schema is kept in: "role.schema.json".
func File(name string) string { return name + ".schema.json" }

// Source returns the text of the schema of that name, or an error that lists the names.
func Source(name string) ([]byte, error) {
	if !slices.Contains(names, name) {
		return nil, fmt.Errorf("no schema is named %q, there are %s", name, strings.Join(names, ", "))
	}
	return files.ReadFile(File(name))
}

// MaxViolations is how many violations of one document are returned at most.
const MaxViolations = 50

// Violation is one mistake in a value.
type Violation struct {
	// Pointer is the JSON pointer (RFC 6901) of what is wrong; "" is the whole document.
	Pointer string
	// OnKey is true if the key at Pointer is meant and not its value.
	OnKey bool
	// Keyword is the schema's keyword that refused: "type", "enum", "required" ….
	Keyword string
	// Property is the missing property of a "required" (or those of which one is missing, with blanks
	// between), and the unknown one of an "additionalProperties".
	Property string
	// Message says what is wrong, in the house's grammar. Hint says what to do; may be empty.
	Message, Hint string
	// Got is what stands there: the JSON type for a "type" ("number"), else the text of a string.
	Got string
}

// Validate checks value (of map[string]any, []any, string, bool, float64, int and nil) against
// the schema of what it is, "config", "plan", "role", "team", "member" or "accessTest", and returns what is
// wrong with it, sorted by pointer, at most [MaxViolations]. It never panics: a value or a name
// that cannot be checked is a violation too.
func Validate(name string, value any) (violations []Violation) {
	defer func() {
		if r := recover(); r != nil {
			violations = []Violation{{Keyword: "internal", Message: fmt.Sprintf("the value cannot be checked: %v", r)}}
		}
	}()
	for schema, kinds := range parts {
		if _, ok := kinds[name]; ok {
			set, err := load[schema]()
			if err != nil {
				return []Violation{{Keyword: "internal", Message: err.Error()}}
			}
			return set[name].validate(value)
		}
	}
	return []Violation{{Keyword: "internal", Message: fmt.Sprintf("no schema is named %q", name)}}
}

// compiled is a schema in both its forms: the library's, which decides, and the parsed text,
// which explains and is parsed once something is to be explained.
type compiled struct {
	schema *jsonschema.Schema
	text   func() map[string]any
}

func (c compiled) validate(value any) []Violation {
	err := c.schema.Validate(value)
	if err == nil {
		return nil
	}
	failure, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return []Violation{{Keyword: "type", Message: err.Error()}}
	}
	e := explainer{text: c.text(), value: value}
	e.collect(failure)
	return e.result()
}

// load compiles the parts of a schema once in the life of the process, and no schema that nobody asks
// for: a run sees role files or a plan, and compiling is most of what a small run costs.
var load = loaders()

func loaders() map[string]func() (map[string]compiled, error) {
	each := make(map[string]func() (map[string]compiled, error), len(names))
	for _, name := range names {
		each[name] = sync.OnceValues(func() (map[string]compiled, error) { return compile(name) })
	}
	return each
}

// home is where the schemas lie for editors; what lies there has its address for an "$id".
const home = "https://raw.githubusercontent.com/rolewright/rolewright/main/schema/"

// compile compiles the parts of a schema.
func compile(name string) (map[string]compiled, error) {
	source, err := Source(name)
	if err != nil {
		return nil, err
	}
	url := home + File(name)
	c, err := compiler(url, source)
	if err != nil {
		return nil, err
	}
	text := sync.OnceValue(func() (text map[string]any) {
		_ = json.Unmarshal(source, &text) // the compiler has read it
		return text
	})
	defer unchecked()()
	set := make(map[string]compiled, len(parts[name]))
	for kind, fragment := range parts[name] {
		s, err := c.Compile(url + "#" + fragment)
		if err != nil {
			return nil, err
		}
		set[kind] = compiled{s, text}
	}
	return set, nil
}

// checking guards the library's one schema of schemas.
var checking sync.Mutex

// unchecked keeps the library from checking schemas against the schema of schemas until it is told again.
// That is most of what compiling costs, at each start of the program, and always finds the embedded
// schemas as the tests found them.
func unchecked() (again func()) {
	checking.Lock()
	meta, err := jsonschema.NewCompiler().Compile(jsonschema.Draft7.URL())
	if err != nil {
		return checking.Unlock
	}
	all := true
	before := meta.Always
	meta.Always = &all
	return func() {
		meta.Always = before
		checking.Unlock()
	}
}

// compiler returns a compiler of source under an absolute url: the library turns a relative one into a
// file of the working directory, and follows file: references unless LoadURL refuses.
func compiler(url string, source []byte) (*jsonschema.Compiler, error) {
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft7
	c.LoadURL = func(ref string) (io.ReadCloser, error) {
		return nil, fmt.Errorf("reference %q leaves the embedded schemas", ref)
	}
	return c, c.AddResource(url, bytes.NewReader(source))
}
