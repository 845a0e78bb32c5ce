/**
 * A certificate transparency log: TesseraCT's own handlers over Tessera's POSIX driver, without
 * the antispam database. TesseraCT's `posix` program cannot be built from every module proxy: it
 * wants commits of Tessera between two releases.
 */
export const CTLOG_VERSION = "0.1.2";

export const CTLOG_MODULE: string = `module mlsign/ctlog

go 1.26

require (
	github.com/transparency-dev/tessera v1.0.2
	github.com/transparency-dev/tesseract v${CTLOG_VERSION}
	golang.org/x/mod v0.38.0
	k8s.io/klog/v2 v2.140.0
)

replace (
	github.com/transparency-dev/formats => github.com/transparency-dev/formats v0.1.1
	github.com/transparency-dev/merkle => github.com/transparency-dev/merkle v0.0.2
	github.com/transparency-dev/tessera => github.com/transparency-dev/tessera v1.0.2
)
`;

export const CTLOG_MAIN = `// A CT log: TesseraCT's handlers over Tessera's POSIX driver, without antispam.
package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/transparency-dev/tessera"
	tposix "github.com/transparency-dev/tessera/storage/posix"
	"github.com/transparency-dev/tesseract"
	"github.com/transparency-dev/tesseract/storage"
	"github.com/transparency-dev/tesseract/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	endpoint := flag.String("http_endpoint", "", "host:port")
	origin := flag.String("origin", "", "origin of the log")
	key := flag.String("private_key", "", "EC key, PEM")
	roots := flag.String("roots_pem_file", "", "accepted roots, PEM")
	dir := flag.String("storage_dir", "", "directory of the log")
	flag.Parse()
	ctx := context.Background()
	block, _ := pem.Decode(must(os.ReadFile(*key)))
	signer := must(x509.ParseECPrivateKey(block.Bytes))
	open := func(ctx context.Context, checkpoints note.Signer) (*storage.CTStorage, error) {
		driver := must(tposix.New(ctx, tposix.Config{Path: *dir}))
		appender, _, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
			WithCheckpointSigner(checkpoints).WithCTLayout().
			WithBatching(256, 100*time.Millisecond).WithCheckpointInterval(time.Second))
		if err != nil {
			return nil, err
		}
		return storage.NewCTStorage(ctx, &storage.CTStorageOptions{
			Appender: appender, Reader: reader, IssuerStorage: must(posix.NewIssuerStorage(ctx, *dir)),
		})
	}
	handler := must(tesseract.NewLogHandler(ctx, *origin, signer,
		tesseract.ChainValidationConfig{RootsPEMFile: *roots, ExtKeyUsages: "CodeSigning"},
		open, 10*time.Second, false, "", tesseract.LogHandlerOpts{MaxCertChainBytes: 512 << 10}))
	log.Fatal(http.ListenAndServe(*endpoint, handler))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
`;
