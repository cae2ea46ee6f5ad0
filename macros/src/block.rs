//! An `impl` block or a trait.

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, ImplItem, ImplItemConst, Item, ItemImpl, Meta, Result, TraitItem};

use crate::blocking::{Method, Twin, docs_of_client};
use crate::context::{Context, Kind};
use crate::item::Function;
use crate::options::Options;
use crate::{attributes, function, valid};

/// An `impl` block or a trait, split into its braces and what is before them.
pub(crate) struct Block {
    head: TokenStream,
    braces: Group,
    context: Context,
    /// The head, if the block has a type's own methods: only such a block can have a twin.
    inherent: Option<ItemImpl>,
    /// The attribute of mockall that is still to be expanded, if this is a trait.
    automock: Option<Attribute>,
}

enum Member {
    Function(Box<Function>),
    Constant(Box<ImplItemConst>),
    Other(TokenStream),
}

impl Block {
    /// Makes a block of its head and its braces. Returns `None` if the head belongs to another kind of item.
    pub(crate) fn of(head: TokenStream, braces: Group) -> Option<Block> {
        let (context, inherent, automock) = match syn::parse2(quote!(#head {})) {
            Ok(Item::Impl(block)) => {
                (Context::of_impl(&block), block.trait_.is_none().then_some(block), None)
            }
            Ok(Item::Trait(block)) => {
                (Context::of_trait(&block), None, attributes::automock(&block.attrs).cloned())
            }
            _ => return None,
        };
        Some(Block { head, braces, context, inherent, automock })
    }

    /// Decorates each `async fn` in the block, and adds the blocking twin if the options ask for one.
    ///
    /// Input:
    ///
    /// ```text
    /// impl Client { const N: u32 = 1; async fn get(&self) { .. } fn len(&self) { .. } }
    /// ```
    ///
    /// Output:
    ///
    /// ```text
    /// impl Client { const N: u32 = 1; DECORATED fn len(&self) { .. } }
    /// ```
    ///
    /// With `twin_only` the block stays as it is; if its functions have no bodies, it is that of a client in another crate,
    /// and there is only the twin.
    pub(crate) fn expand(self, options: &Options) -> Result<(TokenStream, Option<Error>)> {
        let Block { head, braces, context, inherent, automock } = self;
        if let Some(automock) = automock {
            return Err(valid::mocked_too_late(&automock));
        }
        let mut errors = Vec::from_iter(valid::check_block(options, context.kind).err());
        let mut twin = Twin::of(inherent, options).unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        let options = &options.of_members();
        let parse = |input: ParseStream<'_>| members(input, context.kind);
        let (inner, members) = parse.parse2(braces.stream())?;
        if context.kind == Kind::Trait && !members.iter().any(Member::has_async_body) {
            errors.extend(valid::no_body_for_bridge(options).err());
        }
        let is_elsewhere = twin.is_some()
            && options.twin_only.is_some()
            && members.iter().all(Member::has_no_body);
        let mut content = quote!(#(#inner)*);
        for member in members {
            let (expanded, error) = member.expand(options, &context, twin.as_mut());
            content.extend(expanded);
            errors.extend(error);
        }
        let mut decorated = Group::new(Delimiter::Brace, content);
        decorated.set_span(braces.span());
        let (twin, error) = twin.map(|twin| twin.finish(&inner)).unwrap_or_default();
        errors.extend(error);
        // A block without bodies is one that another crate has.
        let block = (!is_elsewhere).then(|| quote!(#head #decorated));
        Ok((quote!(#block #twin), errors.into_iter().reduce(together)))
    }
}

fn together(mut one: Error, other: Error) -> Error {
    one.combine(other);
    one
}

fn members(input: ParseStream<'_>, kind: Kind) -> Result<(Vec<Attribute>, Vec<Member>)> {
    let inner = Attribute::parse_inner(input)?;
    let mut members = Vec::new();
    while !input.is_empty() {
        members.push(if Function::peek(input) {
            Member::Function(Box::new(input.parse()?))
        } else if kind == Kind::Trait {
            Member::Other(input.parse::<TraitItem>()?.into_token_stream())
        } else {
            match input.parse()? {
                ImplItem::Const(constant) => Member::Constant(Box::new(constant)),
                other => Member::Other(other.into_token_stream()),
            }
        });
    }
    Ok((inner, members))
}

impl Member {
    fn has_no_body(&self) -> bool {
        matches!(self, Member::Function(function) if function.body.is_none())
    }

    fn has_async_body(&self) -> bool {
        matches!(self, Member::Function(function) if function.is_async() && function.body.is_some())
    }

    fn expand(
        self,
        options: &Options,
        context: &Context,
        twin: Option<&mut Twin>,
    ) -> (TokenStream, Option<Error>) {
        match self {
            Member::Function(function) => expand_function(*function, options, context, twin),
            Member::Constant(constant) => {
                let error = twin.and_then(|twin| twin.add_constant(&constant));
                (constant.into_token_stream(), error)
            }
            Member::Other(tokens) => (tokens, None),
        }
    }
}

fn expand_function(
    mut function: Function,
    options: &Options,
    context: &Context,
    twin: Option<&mut Twin>,
) -> (TokenStream, Option<Error>) {
    let is_decorated = function.attrs.iter().any(attributes::is_smartasync);
    let (options, wrong_option) = own_options(&mut function.attrs, options);
    let for_twin = [&options.fallible, &options.iter, &options.spawn];
    let is_for_twin = twin.is_some() && for_twin.into_iter().any(Option::is_some);
    let has_effect = function.is_async() || options.offload.is_some() || is_for_twin;
    if is_decorated && wrong_option.is_none() && !has_effect {
        let error = valid::check_sync(&function.sig, &options).err();
        return (function.into_token_stream(), error);
    }
    let method = twin.as_ref().and_then(|_| Method::of(&function, &options));
    if twin.is_some() {
        function.attrs = docs_of_client(function.attrs);
    }
    let (expanded, error) = match &twin {
        Some(_) if options.twin_only.is_some() && options.offload.is_none() => {
            (function.into_token_stream(), None)
        }
        Some(_) => function::expand(function, &options.without_twin(), context),
        None => function::expand(function, &options, context),
    };
    let refused = error.is_some();
    let no_twin = twin.zip(method).and_then(|(twin, method)| twin.add_method(method, refused));
    (expanded, wrong_option.or(error).or(no_twin))
}

/// Adds the options of a method's own attribute to those of the block.
fn own_options(attrs: &mut Vec<Attribute>, options: &Options) -> (Options, Option<Error>) {
    let Some(index) = attrs.iter().position(attributes::is_smartasync) else {
        return (options.clone(), None);
    };
    let own = match attrs.remove(index).meta {
        Meta::List(list) => list.tokens,
        _ => TokenStream::new(),
    };
    // The options of a block are for its async functions. An offloaded function takes none of them.
    let (offloaded, error) = options.of_crate().read(own.clone());
    if offloaded.offload.is_some() {
        return (offloaded, error);
    }
    options.clone().read(own)
}
