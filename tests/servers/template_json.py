"""Prints a CloudFormation template as JSON, its short forms (!Ref and the like) written out.

    python template_json.py TEMPLATE
"""

import json
import sys

from cfnlint.decode import cfn_yaml

json.dump(cfn_yaml.load(sys.argv[1]), sys.stdout)
