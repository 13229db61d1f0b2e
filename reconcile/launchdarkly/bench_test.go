package launchdarkly

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// wide answers with n roles of five statements.
func wide(n int) *account {
	a := newAccount(n)
	for i := range a.roles {
		statement := []byte(`{"effect":"allow","actions":["updateOn"],"resources":["proj/`)
		a.roles[i] = string(bytes.Replace([]byte(a.roles[i]), statement, append(bytes.Repeat(
			[]byte(`{"effect":"deny","actions":["updateRules","updateTargets"],"resources":["proj/*:env/*;{critical:true}:flag/*"]},`), 4), statement...), 1))
	}
	return a
}

// BenchmarkRoles lists accounts without latency: what is left is reading.
func BenchmarkRoles(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a := wide(n)
			pages := map[string]*httptest.ResponseRecorder{}
			bytesRead := int64(0)
			c := client(b, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				page := pages[req.URL.RawQuery]
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write(page.Body.Bytes())
			}))
			record := client(b, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				page := httptest.NewRecorder()
				a.ServeHTTP(page, req)
				pages[req.URL.RawQuery] = page
				bytesRead += int64(page.Body.Len())
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write(page.Body.Bytes())
			}), func(o *Options) { o.Parallelism = 1 })
			if _, err := record.Roles(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(bytesRead)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Roles(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
