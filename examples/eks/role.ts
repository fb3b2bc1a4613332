import { Stack } from "aws-cdk-lib";
import { CfnPodIdentityAssociation } from "aws-cdk-lib/aws-eks";
import { Role, ServicePrincipal, SessionTagsPrincipal } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { LeaseTable } from "leasehold/cdk";

/** The role of the pods in `writer.yaml`, for a cluster with the EKS Pod Identity agent. */
export class EksRole extends Stack {
  constructor(scope: Construct, id: string, props: { readonly clusterName: string }) {
    super(scope, id);
    const [namespace, serviceAccount] = ["jobs", "writer"]; // as in writer.yaml
    const pods = new ServicePrincipal("pods.eks.amazonaws.com").withConditions({
      StringEquals: {
        "aws:RequestTag/eks-cluster-name": props.clusterName,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": serviceAccount,
      },
    });
    const role = new Role(this, "Writer", { assumedBy: new SessionTagsPrincipal(pods) });
    LeaseTable.fromSsm(this, "Leases", { prefix: "/leasehold/leases" }).grantCampaign(role, "writer");

    new CfnPodIdentityAssociation(this, "Association", {
      clusterName: props.clusterName,
      namespace,
      serviceAccount,
      roleArn: role.roleArn,
    });
  }
}
