/// The scripts in `Sources/Planner/Scripts`, which commands of unikernel packages run.
enum UnikernelScripts {
    static let installConfiguration = PackageResources.install_configuration_sh
    static let pull = PackageResources.pull_sh
    static let installImage = PackageResources.install_image_sh
    static let run = PackageResources.run_sh
}
