package launchdarkly_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/rolewright/rolewright/reconcile/launchdarkly"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A client that may only read lists the roles of an account, and cannot be made to write.
func Example() {
	account := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"totalCount":1,"items":[{"_id":"57be1db38b75bf0772d11384","key":"ops","name":"Operators",
			"basePermissions":"no_access","policy":[{"effect":"allow","actions":["updateOn"],"resources":["proj/*:env/*:flag/*"]}]}]}`)
	}))
	defer account.Close()

	client, err := launchdarkly.New(launchdarkly.Options{
		Host: strings.TrimPrefix(account.URL, "http://"), Token: "api-12345678", ReadOnly: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	roles, err := client.Roles(context.Background())
	fmt.Println(len(roles), roles[0].Key, err)
	err = client.DeleteRole(context.Background(), "ops")
	fmt.Println(errors.Is(err, role.ErrReadOnly))
	// Output:
	// 1 ops <nil>
	// true
}
