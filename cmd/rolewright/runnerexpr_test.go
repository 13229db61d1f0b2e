package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// runnerScope is what expressions can name: contexts of strings, of contexts, and the state of the job.
type runnerScope struct {
	contexts map[string]any // "inputs": map[string]string, "steps": map[string]any …
	failed   bool
}

// expand replaces every ${{ … }} of a text.
func (s runnerScope) expand(text string) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		end := exprEnd(rest)
		if end < 0 {
			return "", fmt.Errorf("%q: no }}", rest)
		}
		value, err := s.eval(rest[:end])
		if err != nil {
			return "", err
		}
		printed, err := exprText(value)
		if err != nil {
			return "", err
		}
		out.WriteString(printed)
		text = rest[end+2:]
	}
}

// exprEnd returns where the }} stands that ends an expression, outside quotes.
func exprEnd(text string) int {
	quoted := false
	for i := range len(text) {
		switch {
		case text[i] == '\'':
			quoted = !quoted
		case !quoted && strings.HasPrefix(text[i:], "}}"):
			return i
		}
	}
	return -1
}

// holds says whether a step's condition lets it run. One that names no status wants success.
func (s runnerScope) holds(condition string) (bool, error) {
	condition = strings.TrimSpace(condition)
	if inner, ok := strings.CutPrefix(condition, "${{"); ok {
		condition = strings.TrimSuffix(inner, "}}")
	}
	named := false
	for _, f := range []string{"success()", "failure()", "always()", "cancelled()"} {
		named = named || strings.Contains(condition, f)
	}
	if !named && s.failed {
		return false, nil
	}
	if condition == "" {
		return true, nil
	}
	value, err := s.eval(condition)
	return exprTrue(value), err
}

// eval evaluates the forms of expressions that actions use here: literals, paths, toJSON and the
// status functions, ==, !=, !, && and ||. Anything else is an error, never a guess.
func (s runnerScope) eval(text string) (any, error) {
	p := &exprParser{scope: s, rest: strings.TrimSpace(text)}
	value, err := p.or()
	if err == nil && p.rest != "" {
		err = fmt.Errorf("the harness cannot evaluate %q in %q", p.rest, text)
	}
	return value, err
}

type exprParser struct {
	scope runnerScope
	rest  string
}

func (p *exprParser) take(token string) bool {
	rest, ok := strings.CutPrefix(p.rest, token)
	if ok {
		p.rest = strings.TrimSpace(rest)
	}
	return ok
}

func (p *exprParser) or() (any, error) {
	left, err := p.and()
	for err == nil && p.take("||") {
		var right any
		if right, err = p.and(); !exprTrue(left) {
			left = right
		}
	}
	return left, err
}

func (p *exprParser) and() (any, error) {
	left, err := p.equality()
	for err == nil && p.take("&&") {
		var right any
		if right, err = p.equality(); exprTrue(left) {
			left = right
		}
	}
	return left, err
}

func (p *exprParser) equality() (any, error) {
	left, err := p.unary()
	for err == nil {
		want := p.take("==")
		if !want && !p.take("!=") {
			return left, nil
		}
		var right any
		if right, err = p.unary(); err != nil {
			return nil, err
		}
		a, errA := exprText(left)
		b, errB := exprText(right)
		if errA != nil || errB != nil {
			return nil, fmt.Errorf("the harness compares no objects")
		}
		left = strings.EqualFold(a, b) == want
	}
	return nil, err
}

func (p *exprParser) unary() (any, error) {
	if p.take("!") {
		value, err := p.unary()
		return !exprTrue(value), err
	}
	if p.take("(") {
		value, err := p.or()
		if err == nil && !p.take(")") {
			err = fmt.Errorf("want ) at %q", p.rest)
		}
		return value, err
	}
	if strings.HasPrefix(p.rest, "'") {
		return p.literal()
	}
	return p.name()
}

// literal reads 'text', in which ” stands for one quote.
func (p *exprParser) literal() (any, error) {
	var out strings.Builder
	for rest := p.rest[1:]; ; {
		part, after, ok := strings.Cut(rest, "'")
		if !ok {
			return nil, fmt.Errorf("no closing quote in %s", p.rest)
		}
		out.WriteString(part)
		if !strings.HasPrefix(after, "'") {
			p.rest = strings.TrimSpace(after)
			return out.String(), nil
		}
		out.WriteByte('\'')
		rest = after[1:]
	}
}

// name reads a path, a function's call, true or false.
func (p *exprParser) name() (any, error) {
	end := strings.IndexFunc(p.rest, func(r rune) bool {
		return !strings.ContainsRune("._-", r) && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
	})
	if end < 0 {
		end = len(p.rest)
	}
	name := p.rest[:end]
	p.rest = strings.TrimSpace(p.rest[end:])
	switch {
	case name == "":
		return nil, fmt.Errorf("the harness cannot evaluate %q", p.rest)
	case p.take("("):
		return p.call(strings.ToLower(name))
	case name == "true", name == "false":
		return name == "true", nil
	}
	return p.scope.path(name)
}

func (p *exprParser) call(name string) (value any, err error) {
	switch name {
	case "tojson":
		if value, err = p.or(); err == nil {
			value, err = exprJSON(value)
		}
	case "success":
		value = !p.scope.failed
	case "failure":
		value = p.scope.failed
	case "always":
		value = true
	case "cancelled":
		value = false
	default:
		return nil, fmt.Errorf("the harness does not know the function %s", name)
	}
	if err == nil && !p.take(")") {
		err = fmt.Errorf("want ) at %q", p.rest)
	}
	return value, err
}

// path looks a dotted name up. Names differ in letter case only for the reader; what is not there
// is null, but a context that the harness does not have is an error.
func (s runnerScope) path(name string) (any, error) {
	steps := strings.Split(name, ".")
	var at any = s.contexts
	for i, step := range steps {
		next, ok := exprMember(at, step)
		if !ok {
			if i == 0 {
				return nil, fmt.Errorf("the harness has no context %q", step)
			}
			return nil, nil
		}
		at = next
	}
	return at, nil
}

func exprMember(of any, name string) (any, bool) {
	switch of := of.(type) {
	case map[string]any:
		for key, value := range of {
			if strings.EqualFold(key, name) {
				return value, true
			}
		}
	case map[string]string:
		for key, value := range of {
			if strings.EqualFold(key, name) {
				return value, true
			}
		}
	}
	return nil, false
}

func exprTrue(value any) bool {
	switch v := value.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	}
	return true
}

func exprText(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case bool:
		return fmt.Sprint(v), nil
	case string:
		return v, nil
	}
	return "", fmt.Errorf("the harness prints no %T", value)
}

func exprJSON(value any) (string, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(value)
	return strings.TrimSuffix(out.String(), "\n"), err
}
