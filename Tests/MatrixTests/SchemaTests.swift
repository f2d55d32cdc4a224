import Core
import Foundation
import Matrix
import TestSupport
import Testing
import YAML

/// The JSON Schema in `docs/` agrees with the decoder.
@Suite struct SchemaTests {
    static func schema() throws -> SchemaValidator {
        let data = try Data(contentsOf: PackageDirectory.url.appending(path: "docs/matrix.schema.json"))
        return SchemaValidator(try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any]))
    }

    @Test(arguments: KeySchema.all.map(\.name))
    func hasTheKeysOfTheDecoder(shape name: String) throws {
        let shape = try #require(KeySchema.all.first { $0.name == name })
        let definitions = try #require(try Self.schema().root["$defs"] as? [String: [String: Any]])
        let properties = try #require(definitions[name]?["properties"] as? [String: Any])
        #expect(properties.keys.sorted() == shape.keys.sorted())
        #expect(definitions[name]?["additionalProperties"] as? Bool == false)
    }

    @Test(arguments: ["quickstart", "opam", "mirage", "unikernels"])
    func acceptsTheShippedMatrix(name: String) throws {
        let text = try SourceText(
            path: PackageDirectory.url.appending(path: "Matrices/\(name).yaml").path, of: "matrix")
        let document = try #require(YAMLDocument(text))
        #expect(try Self.schema().errors(in: document.json) == [])
    }

    /// Errors that can be found only in the whole matrix or in another file.
    static let beyondSchema: Set<String> = [
        "unknown-names", "duplicate-keys", "alias-bomb", "too-deep", "complex-key", "extends-itself",
        "extends-nothing",
    ]

    @Test(arguments: BrokenMatrixTests.names)
    func refusesWhatTheDecoderRefuses(name: String) throws {
        let text = try SourceText(path: BrokenMatrixTests.directory.appending(path: "\(name).yaml").path, of: "matrix")
        guard let document = YAMLDocument(text), !Self.beyondSchema.contains(name) else { return }
        #expect(try Self.schema().errors(in: document.json) != [])
    }

    /// One small change at a time to a correct matrix: schema and decoder agree.
    @Test(arguments: [
        ("with-test: true", true), ("with-test: [lwt*]", true), ("with-test: 3", false), ("with-doc: []", false),
        ("limits: {time: 90}", true), ("limits: {time: 0}", false), ("limits: {time: 1h, disk: 3 GiB}", true),
        ("limits: {disk: 3G}", false), ("limits: {packages: {lwt: {time: 1s}}}", true),
        ("limits: {packages: {lwt: 1s}}", false), ("pins: {lwt: 5.7.0}", true), ("pins: {lwt: {opam: lwt.opam}}", true),
        ("pins: {lwt: {url: x}}", false), ("pins: {lwt: 'git+https://e.org/lwt.git#main'}", true),
        ("pins: {lwt: ../lwt, fmt: ., re: git@e.org:re.git}", true), ("pins: {lwt: lwt}", false),
        ("pins: {lwt: {url: 'git+https://e.org/lwt', ref: main, subpath: lib, version: '1'}}", true),
        ("pins: {lwt: {path: ../lwt, checksum: md5=3}}", false), ("pins: {lwt: {}}", false),
        ("pins: {l/t: 5.7.0}", false), ("sets: {a: [b, c.1]}", true), ("sets: {a: b}", false),
        ("exclude: [{cells: a/b/c, reason: r}]", false), ("exclude: [{cells: debian-12/*/c, reason: r}]", true),
        ("exclude: [{cells: '*/c', reason: r}]", false), ("schedule: [{cells: '*/*/c', priority: 1}]", true),
        ("schedule: [{cells: '*/*/c', priority: one}]", false), ("x-mine: [anything, {goes: here}]", true),
        ("allow-overwrites: {a*: lib/ocaml/ld.conf}", true), ("allow-overwrites: {a: [lib/*, bin/x]}", true),
        ("allow-overwrites: [a]", false), ("allow-overwrites: {}", false), ("allow-overwrites: {a: []}", false),
        ("allow-overwrites: {a: /lib}", false), ("allow-overwrites: {a: [lib/../x]}", false),
        ("allow-overwrites: {a: ['lib/../\u{301}x']}", false),
        ("allow-overwrites: {a: [..]}", false), ("engine: opam", true), ("engine: recipe", true),
        ("engine: make", false), ("y-mine: 3", false),
        ("unikernels: [{name: h, source: ./h, backends: spt}]", true), ("unikernels: []", false),
        ("unikernels: [{name: h, source: ./h, backends: []}]", false),
        ("unikernels: [{name: h, source: h, backends: spt}]", false),
        ("unikernels: [{name: 3, source: ./h, backends: spt}]", false),
        ("unikernels: [{name: h, source: 'https://e.org/h.git', backends: [spt, xen], subpath: a/b}]", true),
        ("unikernels: [{name: h, source: ./h, backends: [spt, spt]}]", false),
        ("unikernels: [{name: h, source: ./h, backends: spd}]", false),
        ("unikernels: [{name: h-configure, source: ./h, backends: spt}]", false),
        ("unikernels: [{name: h, source: ./h, backends: spt, configure: [--a=b, {k: [x, y], l: 3}]}]", true),
        ("unikernels: [{name: h, source: ./h, backends: spt, configure: {-k: x}}]", false),
        ("unikernels: [{name: h, source: ./h, backends: spt, configure-files: [lib/*.ml]}]", true),
        ("unikernels: [{name: h, source: ./h, backends: spt, configure-files: ../x}]", false),
        (
            "unikernels: [{name: h, source: ./h, backends: spt, run: {spt: {time: 10s, expect: Hello, status: 1}}}]",
            true
        ),
        ("unikernels: [{name: h, source: ./h, backends: spt, run: {spt: {expect: Hello}}}]", false),
        ("unikernels: [{name: h, source: ./h, backends: xen, run: {xen: {time: 10s}}}]", false),
        ("unikernels: [{name: h, source: ./h, backends: spt, run: {spt: {time: 10s, status: 256}}}]", false),
        ("unikernels: [{name: h, source: ./h, backends: spt, run: {spt: {time: 10s, memory: 32MiB}}}]", true),
        ("description: 3.14", true), ("description: {}", false),
        ("accept-failures: [{cells: ['*/*/*'], reason: r, expires: 2026-12-31}]", true),
        ("accept-failures: [{cells: ['*/*/*'], reason: r, expires: 2026-13-31}]", false),
        ("include: [{cells: 'debian-12/5.3.0/lwt.5.0.0'}]", true), ("include: [debian-12/5.3.0/lwt]", false),
        ("notify: {mail: [{to: a@b.org, maintainer: a@b.org}, {to: c@d, tag: 'org:x'}]}", true),
        ("notify: {mail: [{to: a@b.org, cells: ['*/*/lwt', debian-12/5.3.0/fmt]}]}", true),
        ("notify: {operator: a@b.org, webhooks: ['https://e.org/x'], statuses: [{gitlab: 'https://e.org/p/1'}]}", true),
        ("notify: {}", false), ("notify: {mail: []}", false), ("notify: {mail: a@b.org}", false),
        ("notify: {mail: [{to: a@b.org}]}", false), ("notify: {mail: [{maintainer: a@b.org}]}", false),
        ("notify: {mail: [{to: a@b.org, maintainer: a, tag: b}]}", false), ("notify: {operator: '-a@b.org'}", false),
        ("notify: {operator: 'a@b.org, c@d.org'}", false), ("notify: {webhooks: ['file:///etc/passwd']}", false),
        ("notify: {statuses: [{}]}", false),
        ("notify: {statuses: [{github: 'https://e.org', gitlab: 'https://e.org'}]}", false),
        ("notify: {statuses: [{bitbucket: 'https://e.org/x'}]}", false), ("notify: {token: x}", false),
    ])
    func judgesAsTheDecoderDoes(line: String, isGood: Bool) throws {
        let text = SourceText(
            file: "m.yaml", bytes: Array((MatrixFileTests.head + "packages: all\n" + line + "\n").utf8))
        let decoded = (try? MatrixFile(text)) != nil
        let document = try #require(YAMLDocument(text))
        let validated = try Self.schema().errors(in: document.json).isEmpty
        #expect(decoded == isGood)
        // That a selector names a target of the matrix is beyond a schema.
        #expect(validated == isGood || line.contains("a/b/c"))
    }
}
