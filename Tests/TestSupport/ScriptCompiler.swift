/// A compiler that is a script, for tests whose packages need none.
package enum ScriptCompiler {
    /// Opam files, without their first line, by package.
    package static let packages = [
        "ocaml.5.3.0": #"depends: [ "ocaml-base-compiler" {= version} ]"#,
        "ocaml-base-compiler.5.3.0": #"""
        flags: compiler
        build: ["sh" "-c" "printf '#!/bin/sh\\necho I am in %{prefix}%\\n' > ocaml"]
        install: [ ["mkdir" "-p" bin "%{lib}%/ocaml"] ["cp" "ocaml" bin] ["chmod" "755" "%{bin}%/ocaml"] ["touch" "%{lib}%/ocaml/stdlib.cma"] ]
        """#,
    ]
}
