package launchdarkly

import (
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// TestWeight: an answer that is small and takes much memory is refused, one of a large account is not.
func TestWeight(t *testing.T) {
	for _, item := range []string{`{}`, `{"key":"a"}`, `1`, `[]`} {
		text := `{"items":[` + strings.Repeat(item+",", 20<<20/(len(item)+1)) + item + `]}`
		_, err := parse([]byte(text))
		check(t, err, "it holds more than 80 MiB of objects and values")
	}
	statement := `{"effect":"allow","actions":["updateOn","updateTargets","updateRules","updateFallthrough"],"resources":["proj/*:env/*:flag/*","proj/web:env/*:flag/*"]}`
	roles := make([]string, 1000)
	for i := range roles {
		roles[i] = fmt.Sprintf(`{"_id":%q,"key":"r%d","name":"Role %[2]d","basePermissions":"no_access","policy":[%s],"_links":{"self":{"href":"/api/v2/roles/r%[2]d"}}}`,
			id(fmt.Sprint(i)), i, strings.Repeat(statement+",", 19)+statement)
	}
	got, err := client(t, jsonReply(200, `{"items":[`+strings.Join(roles, ",")+`],"totalCount":1000}`)).Roles(t.Context())
	if err != nil || len(got) != 1000 || len(got[7].Policy) != 20 {
		t.Errorf("%d roles, %v", len(got), err)
	}
}

// TestLargeRoles: an account whose roles are too much for one page is read in smaller ones.
func TestLargeRoles(t *testing.T) {
	statement := `{"effect":"allow","actions":["updateOn"` + strings.Repeat(`,"updateOff"`, 40) + `],"resources":["proj/*:env/*:flag/*"]}`
	policy := strings.Repeat(statement+",", 9) + statement
	var asked []string
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		q := req.URL.Query()
		limit, _ := strconv.Atoi(q.Get("limit"))
		offset, _ := strconv.Atoi(q.Get("offset"))
		asked = append(asked, q.Get("limit")+"@"+q.Get("offset"))
		var roles []string
		for i := offset; i < min(1000, offset+limit); i++ {
			roles = append(roles, fmt.Sprintf(`{"_id":%q,"key":"r%d","name":"Role %[2]d","basePermissions":"no_access","policy":[%s]}`, id(fmt.Sprint(i)), i, policy))
		}
		jsonReply(200, `{"items":[`+strings.Join(roles, ",")+`],"totalCount":1000}`)(w, req)
	}), func(o *Options) { o.Parallelism = 1 })
	got, err := c.Roles(t.Context())
	if err != nil || len(got) != 1000 || len(asked) != 7 || asked[1] != "500@0" {
		t.Errorf("%d roles, asked for %q: %v", len(got), asked, err)
	}
	asked = nil
	if _, err := c.Roles(t.Context()); err != nil {
		t.Error(err)
	}
	if len(asked) == 0 || asked[0] != "500@0" {
		t.Errorf("asked again for %q", asked)
	}
}

// within returns every text that can be reached from v, in fields that are not exported too.
func within(v any) (texts []string) {
	seen := map[any]bool{}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			texts = append(texts, v.String())
		case reflect.Pointer:
			if at := v.Pointer(); !v.IsNil() && !seen[at] {
				seen[at] = true
				walk(v.Elem())
			}
		case reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Slice, reflect.Array:
			if v.Type().Elem().Kind() == reflect.Uint8 && v.Kind() == reflect.Slice {
				texts = append(texts, string(v.Bytes()))
				return
			}
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Map:
			for each := v.MapRange(); each.Next(); {
				walk(each.Key())
				walk(each.Value())
			}
		}
	}
	walk(reflect.ValueOf(v))
	return texts
}

// TestClientHidesItsToken: no text in a client is the token, and none that fmt makes of it.
func TestClientHidesItsToken(t *testing.T) {
	c := client(t, jsonReply(401, `{}`))
	_, _ = c.Roles(t.Context())
	texts := within(c)
	if len(texts) < 5 {
		t.Fatalf("only %q", texts)
	}
	for _, text := range append(texts, fmt.Sprintf("%v", c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%v %+v %#v", c.http, c.http.Transport, c.http.Transport)) {
		if strings.Contains(text, canary) {
			t.Errorf("the token is in %.300q", text)
		}
	}
}
