internal import PluginKit

/// The steps that prepare an image for builds.
enum ImageSteps {
    /// Creates the build user's directories, and the user if the image has none with this name. Small images have no
    /// `useradd`.
    static func makeUser(_ options: ImageOptions, _ paths: Paths) -> Step {
        let (user, uid, gid) = (options.user, options.uid, options.gid)
        let home = shellQuoted(options.home)
        let directories = [paths.opamRoot, paths.build].map { shellQuoted($0) }.joined(separator: " ")
        return Step(
            "make-user", phase: .bootstrap,
            script: """
                mkdir -p /etc
                : >>/etc/passwd
                : >>/etc/group
                found=
                while IFS=: read -r name rest; do
                    if [ "$name" = \(user) ]; then found=1; fi
                done </etc/passwd
                if [ -z "$found" ]; then
                    echo \(user):x:\(uid):\(gid)::\(home):/bin/sh >>/etc/passwd
                    echo \(user):x:\(gid): >>/etc/group
                    if [ -e /etc/shadow ]; then echo '\(user):!:20000::::::' >>/etc/shadow; fi
                fi
                mkdir -p \(home) \(directories)
                chown \(uid):\(gid) \(home) \(home)/ciso \(directories)

                """,
            user: .root, idempotent: true)
    }

    /// Installs the packages that every build may use, if the image lacks one of their programs; otherwise the image is
    /// not changed.
    static func installBase(_ packages: ImagePackages, _ options: ImageOptions, compiler: Bool, client: Bool) -> Step {
        var wanted: [String] = []
        var needed: [String] = []
        if options.installsBase {
            wanted += packages.base
            needed += ["cc", "make", "m4", "patch", "tar", "unzip", "bzip2", "git", "rsync"]
        }
        if compiler {
            wanted += packages.compiler
            needed.append("ocamlc")
        }
        if client {
            wanted.append("opam")
            needed.append(options.client)
        }
        let own = options.packages.isEmpty ? "" : "missing=1\n"
        let all = Set(wanted + options.packages).sorted()
        return Step(
            "install-base", phase: .bootstrap,
            script: """
                missing=
                for program in \(needed.joined(separator: " ")); do
                    command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
                done
                \(own)if [ -n "$missing" ]; then
                    set -- \(shellQuoted(all))
                    \(packages.manager.install.split(separator: "\n").joined(separator: "\n    "))
                fi

                """,
            user: .root, environment: packages.manager.environment, network: true, idempotent: true)
    }

    /// Makes one of the image's opam clients available as `opam`.
    static func chooseClient(_ program: String) -> Step {
        Step(
            "choose-client", phase: .bootstrap,
            script: """
                client=$(command -v \(program))
                mkdir -p /usr/local/bin
                ln -sf "$client" /usr/local/bin/opam

                """,
            user: .root, idempotent: true)
    }

    /// Prints opam's variables as determined in the image.
    static func probe(_ architecture: String, compiler: Bool) -> Step {
        // A 64-bit kernel also runs 32-bit images.
        let machine = """
            if command -v uname >/dev/null 2>&1; then
                machine=$(uname -m)
                case $machine in
                    aarch64) machine=arm64 ;;
                    ppc64le) machine=ppc64 ;;
                esac
                echo "arch=$machine"
            fi

            """
        let system = """
            if [ -r /etc/os-release ]; then . /etc/os-release; fi
            echo "os-distribution=${ID:-linux}"
            echo "os-version=${VERSION_ID:-rolling}"
            family=${ID_LIKE:-${ID:-linux}}
            echo "os-family=${family%% *}"

            """
        return LinuxRoot.probe((architecture.hasSuffix("32") ? "" : machine) + system, systemCompiler: compiler)
    }
}
